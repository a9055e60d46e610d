/**
 * The data directory cannot be used, or what is in it cannot be brought back. The message is one clear sentence for the
 * person who runs the node, who has to act; exit code 70.
 */
export class StorageError extends Error {
  override readonly name = "StorageError";
}
