import type { BrokerQueue } from "../queue/broker-queue.ts";

/** A queue that has not told its counts by then is listed without. */
const ANSWER_TIMEOUT_MS = 5000;

/** Whether the queue tells its counts in time. */
export function isAnswering(queue: BrokerQueue): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ANSWER_TIMEOUT_MS);
    queue.whenReady(() => {
      clearTimeout(timer);
      resolve(queue.failure === undefined);
    });
  });
}
