import { RefusedError, type RefusedReason } from "@leveret/management";
import type { Refusal, RefusalReason } from "../metadata/commands.ts";

const REASONS: Readonly<Record<RefusalReason, RefusedReason>> = {
  no_such_vhost: "no_such_vhost",
  no_such_user: "no_such_user",
  user_already_exists: "conflict",
  no_such_exchange: "no_such_object",
  no_such_queue: "no_such_object",
  no_such_policy: "no_such_object",
  no_such_parameter: "no_such_object",
  invalid_regexp: "bad_request",
  validation_failed: "bad_request",
  exchange_in_use: "conflict",
  vhost_limit_exceeded: "limit_reached",
  credential_validation_failed: "bad_request",
  vhost_protected: "protected",
  no_such_member: "no_such_object",
  member_already_exists: "conflict",
  store_full: "store_unavailable",
  store_unavailable: "store_unavailable",
};

/** What went wrong in the node, as the management API tells it. */
export function refusedBecause(reason: RefusedReason, cause: unknown): RefusedError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new RefusedError(reason, message, { cause });
}

/** A refusal of the metadata, as the management API tells it. */
export function refusedError({ reason, text }: Refusal): RefusedError {
  return new RefusedError(REASONS[reason], text);
}
