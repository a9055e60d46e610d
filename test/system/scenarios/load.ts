import { Checker } from "../../../packages/node/tools/cluster/checker.ts";
import type { Topology } from "../topology/topology.ts";
import { until } from "../until.ts";
import { expectThat } from "./scenario.ts";

const QUEUE = "system";
const MESSAGES_PER_SECOND = 200;
const PATIENCE_MS = 60_000;
/** As often as confirmed messages go through before and after what happens. */
const STEADY = 100;

/** What became of the load meanwhile. */
export interface LoadReport {
  readonly confirmPauseMs: number;
  readonly deliveryPauseMs: number;
  readonly reconnects: number;
}

/**
 * Publishes and consumes through HAProxy while `happens` runs; both go on afterwards, and in the end nothing that was confirmed is
 * missing. @throws Error
 */
export async function underLoad(
  topology: Topology,
  happens: () => Promise<void>,
): Promise<LoadReport> {
  const checker = new Checker({
    urls: [topology.url],
    queue: QUEUE,
    messagesPerSecond: MESSAGES_PER_SECOND,
  });
  checker.start();
  try {
    await goesOn(checker);
    checker.resetPauses();
    await happens();
    await goesOn(checker);
  } catch (error) {
    await checker.finish(0);
    throw error;
  }
  const report = {
    confirmPauseMs: checker.confirmPauses.longestMs,
    deliveryPauseMs: checker.deliveryPauses.longestMs,
    reconnects: checker.reconnects,
  };
  const lost = await checker.finish(PATIENCE_MS);
  const { confirmed, received } = checker.counts;
  expectThat(lost === 0, `${lost} of ${confirmed} confirmed messages were lost`);
  expectThat(received >= confirmed, `${confirmed} confirmed, ${received} received`);
  return report;
}

/** A steady number of messages is confirmed, and comes. */
async function goesOn(checker: Checker): Promise<void> {
  const before = checker.counts;
  await until(
    "messages go through",
    () => {
      const { confirmed, received } = checker.counts;
      return confirmed >= before.confirmed + STEADY && received >= before.received + STEADY;
    },
    PATIENCE_MS,
  );
}

export function reportText({ confirmPauseMs, deliveryPauseMs, reconnects }: LoadReport): string {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  return (
    `longest pause in confirms ${seconds(confirmPauseMs)}, in deliveries ${seconds(deliveryPauseMs)}; ` +
    `${reconnects} reconnects; nothing lost`
  );
}
