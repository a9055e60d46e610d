import { setTimeout as delay } from "node:timers/promises";

const LOOK_MS = 50;

/** Waits until the condition holds; one that throws does not hold yet. Returns after how many milliseconds. @throws Error with the last reason */
export async function until(
  what: string,
  isReached: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<number> {
  const startedMs = performance.now();
  let reason = "it did not come about";
  for (;;) {
    try {
      if (await isReached()) return performance.now() - startedMs;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() - startedMs > timeoutMs) {
      throw new Error(`${what}: not within ${timeoutMs} ms: ${reason}`);
    }
    await delay(LOOK_MS);
  }
}
