import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 10;
const WAIT_MAX_MS = 60_000;

/** @throws Error if that takes too long */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  maxMs: number = WAIT_MAX_MS,
): Promise<void> {
  const deadline = performance.now() + maxMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`waited ${maxMs} ms for ${what}`);
    await delay(POLL_MS);
  }
}
