/**
 * The node cannot start as part of its cluster. The message is one clear sentence for the person who runs the node.
 * "fenced": the cluster does not know it as a member any more. "timeout": not enough of the others came in time; exit code 75.
 */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
  readonly code: "fenced" | "timeout" | "refused";

  constructor(code: ClusterError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The start was given up because the node is to stop. */
export class StartAborted extends Error {
  override readonly name = "StartAborted";

  constructor() {
    super("the start was given up");
  }
}
