import type { Channel } from "../../src/connection/channel.ts";
import { ChannelConsumer } from "../../src/connection/channel-consumer.ts";
import type { LiveQueue } from "../../src/queue/live-queue.ts";
import { DeliverCounts } from "../../src/statistics/traffic-counts.ts";

/** A consumer as far as the ledger uses it: it joins ranges, and knows neither channel nor queue. */
export function ledgerConsumer(tag: string): ChannelConsumer {
  const channel = { number: 1 } as unknown as Channel;
  const queue = {} as unknown as LiveQueue;
  return new ChannelConsumer(channel, tag, queue, false, new DeliverCounts(channel, queue));
}
