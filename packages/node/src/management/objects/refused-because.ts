import { RefusedError, type RefusedReason } from "@leveret/management";

/** What packages/management is told of an error of this node. */
export function refusedBecause(
  cause: unknown,
  reason: RefusedReason,
  message: string,
): RefusedError {
  return new RefusedError(reason, message, { cause });
}
