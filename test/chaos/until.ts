import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 50;
const WAIT_MAX_MS = 60_000;

/** What was waited for did not come about in time. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** `explain`: says what is still missing. @throws TimeoutError */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  { maxMs = WAIT_MAX_MS, explain = () => "" }: { readonly maxMs?: number; explain?(): string } = {},
): Promise<void> {
  const deadline = performance.now() + maxMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) {
      throw new TimeoutError(`waited ${maxMs} ms for ${what}: ${explain()}`);
    }
    await delay(POLL_MS);
  }
}
