import type { Channel } from "./channel.ts";

/**
 * Lets `ms` milliseconds pass on the broker's own clock: a message with that TTL is published and waited for
 * where it is dead-lettered to. What the channel published before has been worked off by then. Once per case.
 */
export async function elapse(
  channel: Channel,
  name: (short: string) => string,
  ms: number,
): Promise<void> {
  const done = await channel.queue(name("elapsed"));
  const clock = await channel.queue(name("clock"), {
    arguments: {
      "x-message-ttl": ms,
      "x-dead-letter-exchange": "",
      "x-dead-letter-routing-key": done,
    },
  });
  channel.publish({ key: clock, body: "tick" });
  await channel.untilCount(done, 1);
}
