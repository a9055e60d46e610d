import { ControlError } from "@leveret/control";
import type { Caller } from "../caller.ts";

/** Rows until so many seconds are over, which is no error; undefined: as long as they come. */
export async function* untilTimeout(
  caller: Caller,
  method: string,
  params: unknown,
  seconds: number | undefined,
): AsyncIterable<unknown> {
  const timeoutMs = seconds === undefined ? Number.POSITIVE_INFINITY : seconds * 1000;
  try {
    yield* caller.stream(method, params, { timeoutMs });
  } catch (error) {
    if (!(error instanceof ControlError) || error.code !== "timeout") throw error;
  }
}
