import { OperationError } from "../control/operation-error.ts";

const LOOK_MS = 20;

/** Rejects with an OperationError "timeout". */
export async function waitUntil(
  isReached: () => boolean,
  timeoutMs: number,
  what: string,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!isReached()) {
    if (performance.now() >= deadlineMs) {
      throw new OperationError("timeout", `${what} within ${timeoutMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
