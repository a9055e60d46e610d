import type { Channel } from "../script/channel.ts";
import { elapse } from "../script/elapse.ts";
import { type Group, onChannel } from "../script/session.ts";

function publishPriorities(
  ch: Channel,
  queue: string,
  priorities: readonly (number | undefined)[],
): void {
  for (const [index, priority] of priorities.entries()) {
    ch.publish({
      key: queue,
      properties: priority === undefined ? {} : { priority },
      body: `message ${index} of priority ${priority ?? "none"}`,
    });
  }
}

/** x-max-priority. */
export const priority: Group = {
  name: "priority",
  cases: [
    onChannel(
      "3.12",
      "priority: highest first, in order inside a level, clamped at the top",
      async (ch, n) => {
        const q = await ch.queue(n("q"), { arguments: { "x-max-priority": 5 } });
        publishPriorities(ch, q, [undefined, 1, 5, 9, 0, 3, 1]);
        await ch.drain(q);
      },
    ),
    onChannel("3.12", "priority: a plain queue ignores it", async (ch, n) => {
      const q = await ch.queue(n("q"));
      publishPriorities(ch, q, [1, 5, 3]);
      await ch.drain(q);
    }),
    onChannel("3.12", "priority: x-max-priority 0 is a plain queue", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-max-priority": 0 } });
      publishPriorities(ch, q, [1, 5, 3]);
      await ch.drain(q);
    }),
    onChannel("3.12", "priority: 255 levels", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-max-priority": 255 } });
      publishPriorities(ch, q, [1, 255, 128, 254]);
      await ch.drain(q);
    }),
    onChannel("3.12", "priority: what is delivered already is not overtaken", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-max-priority": 5 } });
      await ch.call("basic.qos", { "prefetch-count": 1 });
      await ch.consume(q, "t");
      publishPriorities(ch, q, [0, 1, 5]);
      await ch.take(1);
      // Acks overtake publishes on their way into RabbitMQ's queues.
      await ch.untilCount(q, 2);
      for (const tag of [1, 2]) {
        ch.send("basic.ack", { "delivery-tag": tag });
        await ch.take(1);
      }
    }),
    onChannel(
      "3.12",
      "priority: requeued messages return to their level and place",
      async (ch, n) => {
        const q = await ch.queue(n("q"), { arguments: { "x-max-priority": 5 } });
        publishPriorities(ch, q, [1, 1, 5]);
        await ch.get(q, false);
        await ch.get(q, false);
        ch.send("basic.nack", { "delivery-tag": 2, multiple: true, requeue: true });
        await ch.drain(q);
      },
    ),
    onChannel("3.12", "priority: counts and purge are over all levels", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-max-priority": 5 } });
      publishPriorities(ch, q, [1, 2, 3]);
      await ch.untilCount(q, 3);
      await ch.call("queue.purge", { queue: q });
    }),
    onChannel("3.12", "priority: max-length drops from the highest level", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-max-priority": 5, "x-max-length": 2 } });
      publishPriorities(ch, q, [5, 0, 1]);
      await ch.drain(q);
    }),
    onChannel("3.12", "priority: expiry looks at the head of each level", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-max-priority": 5 } });
      ch.publish({ key: q, properties: { priority: 5 }, body: "stays" });
      ch.publish({ key: q, properties: { priority: 1, expiration: "20" }, body: "expires" });
      await elapse(ch, n, 120);
      await ch.drain(q);
    }),
  ],
};
