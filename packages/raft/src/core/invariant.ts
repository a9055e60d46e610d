/**
 * The replica contradicts itself (a committed entry would be dropped, a commit index beyond the log ...): a bug or
 * damaged memory. The group has to be stopped here; its log must not be touched.
 */
export class RaftInvariantError extends Error {
  override readonly name = "RaftInvariantError";
}

/** @throws RaftInvariantError unless `condition` holds */
export function invariant(condition: boolean, what: string): asserts condition {
  if (!condition) throw new RaftInvariantError(what);
}
