/** Why the node did not do what it was asked for. `management/server/error-answers.ts` says with which status it is told. */
export type RefusedReason =
  | "no_such_vhost"
  | "no_such_user"
  | "no_such_object"
  /** A value that is not allowed. */
  | "bad_request"
  /** The user's permissions do not allow it. */
  | "access_refused"
  /** It conflicts with the state that the object is in. */
  | "conflict"
  /** It is protected from that. */
  | "protected"
  /** A limit of the node or the vhost is reached. */
  | "limit_reached"
  /** It could not be stored, or nobody knows whether it was. */
  | "store_unavailable"
  /** The node is starting, or its app is stopped. */
  | "not_running"
  /** This node, or this cluster, cannot do it. */
  | "not_supported";

/** An operation was not carried out. The message is a sentence for the client. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly reason: RefusedReason;

  constructor(reason: RefusedReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
