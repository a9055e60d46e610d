import { DiskError, type DiskErrorCode } from "@leveret/raft";

/** What was tried, as told in errors. */
export type DiskOperation =
  | "open"
  | "list"
  | "make directory"
  | "rename"
  | "remove"
  | "sync directory"
  | "measure free space"
  | "lock"
  | "unlock"
  | "write"
  | "read"
  | "sync"
  | "size"
  | "close";

const CODES: ReadonlyMap<string, DiskErrorCode> = new Map<string, DiskErrorCode>([
  ["ENOENT", "not-found"],
  // A file where a folder of the path should be: there is nothing at this path.
  ["ENOTDIR", "not-found"],
  ["EEXIST", "exists"],
  ["ENOSPC", "no-space"],
  ["EDQUOT", "no-space"],
  ["EIO", "io"],
  ["EACCES", "not-permitted"],
  ["EPERM", "not-permitted"],
  ["EROFS", "not-permitted"],
]);

/** The platform's error in the terms of the Disk interface; undefined when there is none. */
export function diskErrorOf(
  error: NodeJS.ErrnoException | null,
  operation: DiskOperation,
  path: string,
): DiskError | undefined {
  if (error === null) return undefined;
  const code = CODES.get(error.code ?? "") ?? "other";
  return new DiskError(code, operation, path, { cause: error });
}
