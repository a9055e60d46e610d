import { setTimeout as delay } from "node:timers/promises";

const LOOK_MS = 20;
const WAIT_MAX_MS = 60_000;

/** Waits for a condition. @throws Error if that takes too long */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  maxMs: number = WAIT_MAX_MS,
): Promise<void> {
  const deadline = performance.now() + maxMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`waited ${maxMs} ms for ${what}`);
    await delay(LOOK_MS);
  }
}

/** Throws with what was there instead. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`${what}: expected ${wanted}, found ${found}`);
}

export function expectMatch(what: string, text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`${what}: expected ${pattern}, found: ${text}`);
}
