/** Why an operation on a node, the cluster or a queue's members was not carried out; the CLI turns it into text and exit code. */
export type OperationProblem =
  /** The app runs, and must not. */
  | "app_running"
  /** The app does not run, and must. */
  | "app_not_running"
  /** The node named is no member. */
  | "not_a_cluster_node"
  /** The node named runs, and must not. */
  | "node_running"
  /** The node named is this node itself. */
  | "itself"
  /** The node named, or every other member, does not answer. */
  | "unreachable"
  /** This node takes itself for a member of a cluster that does not know it, or the other way round. */
  | "inconsistent_cluster"
  /** A majority that has to agree is not there. */
  | "no_quorum"
  /** Not within the time given. */
  | "timeout"
  | "no_such_queue"
  /** The queue is of a kind that has no members, or the operation has no meaning for it. */
  | "not_supported"
  /** The node named already has a replica of the queue. */
  | "already_a_member"
  /** The node named has no replica of the queue. */
  | "not_a_member"
  /** It would leave the queue without any replica. */
  | "last_member"
  /** Anything else; `message` says what. */
  | "failed";

/** An operation was not carried out, for a reason that the operator can do something about. `message` is a sentence for him. */
export class OperationError extends Error {
  override readonly name = "OperationError";
  readonly problem: OperationProblem;
  /** The same, as the code of the answer to a call. */
  readonly code: OperationProblem;

  constructor(problem: OperationProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
    this.code = problem;
  }
}
