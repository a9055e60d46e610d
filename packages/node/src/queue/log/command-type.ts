/** First byte of every command in the log of a durable queue; the second is the command's version. */
export const COMMAND_ENQUEUE = 1;
export const COMMAND_PROGRESS = 2;

/** A command of a newer program: the replica has to stop, as skipping it would lose what it says. */
export function refuseVersion(type: number, version: number): never {
  throw new Error(
    `command ${type} of the queue log has version ${version}, which is not known here`,
  );
}
