import type { ControlMethod } from "@leveret/control";
import { noteAction } from "../broker/audit-log.ts";
import type { Logger } from "../logger.ts";
import { CLI_ACTOR } from "../metadata/actor.ts";

/** What operators do that is no change of metadata, or more than one: those are written down where they are made. Reading messages counts. */
const AUDITED: ReadonlySet<string> = new Set([
  "start_app",
  "stop_app",
  "stop",
  "reset",
  "force_reset",
  "join_cluster",
  "forget_cluster_node",
  "force_boot",
  "update_cluster_nodes",
  "drain",
  "revive",
  "suspend_listeners",
  "resume_listeners",
  "purge_queue",
  "sync_queue",
  "cancel_sync_queue",
  "rebalance",
  "grow",
  "shrink",
  "add_member",
  "delete_member",
  "transfer_leadership",
  "peek_messages",
  "tail_messages",
  "close_connection",
  "close_all_connections",
  "import_definitions",
  "export_definitions",
  "set_vm_memory_high_watermark",
  "set_disk_free_limit",
  "set_disk_monitoring",
  "set_log_level",
  "reset_statistics",
  "clear_auth_backend_cache",
  "set_auth_attempt_source_tracking",
]);

/** Parameters that are documents, or may hold secrets. */
const UNSHOWN: ReadonlySet<string> = new Set(["json", "password", "passwordHash", "value"]);

/** The same methods; calls of those that do something are written to the audit log before. */
export function auditedMethods(
  methods: ReadonlyMap<string, ControlMethod>,
  log: Logger,
): ReadonlyMap<string, ControlMethod> {
  const audited = [...methods].map(([name, method]): [string, ControlMethod] =>
    AUDITED.has(name) ? [name, audit(name, method, log)] : [name, method],
  );
  return new Map(audited);
}

function audit(name: string, method: ControlMethod, log: Logger): ControlMethod {
  return (params, context) => {
    const actor = { ...CLI_ACTOR, from: context.nodeName };
    noteAction(log, actor, { action: name, subject: shown(params) });
    return method(params, context);
  };
}

function shown(params: unknown): Readonly<Record<string, unknown>> {
  if (typeof params !== "object" || params === null) return {};
  const plain = Object.entries(params).filter(
    ([key, value]) => !UNSHOWN.has(key) && (typeof value !== "object" || value === null),
  );
  return Object.fromEntries(plain);
}
