import { ACCESS_COMMANDS } from "./access.ts";
import { ADMINISTRATION_COMMANDS } from "./administration.ts";
import { AUTH_ATTEMPT_COMMANDS } from "./auth-attempts.ts";
import { CLUSTER_COMMANDS } from "./cluster.ts";
import type { Command } from "./command.ts";
import { DEFINITIONS_COMMANDS } from "./definitions.ts";
import { DIAGNOSTICS_COMMANDS } from "./diagnostics.ts";
import { EVENT_COMMANDS } from "./events.ts";
import { EXPLAIN_COMMANDS } from "./explain.ts";
import { FEATURE_COMMANDS } from "./features.ts";
import { HOST_COMMANDS } from "./host.ts";
import { CONNECTION_COMMANDS, LISTING_COMMANDS } from "./listings.ts";
import { LOG_COMMANDS } from "./logs.ts";
import { MESSAGE_COMMANDS } from "./messages.ts";
import { METADATA_STORE_COMMANDS } from "./metadata-store.ts";
import { MIGRATE } from "./migrate.ts";
import { NODE_COMMANDS } from "./node.ts";
import { UNSUPPORTED_COMMANDS } from "./not-supported.ts";
import { PARAMETER_COMMANDS } from "./parameters.ts";
import { PLUGIN_COMMANDS } from "./plugins.ts";
import { POLICY_COMMANDS } from "./policies.ts";
import { POLICY_CHECK_COMMANDS } from "./policy-checks.ts";
import { QUEUE_CHECK_COMMANDS } from "./queue-checks.ts";
import { QUEUE_COMMANDS } from "./queues.ts";
import { REPLICA_COMMANDS } from "./replicas.ts";
import { REPORT_COMMANDS } from "./report.ts";
import { RESOURCE_LIMIT_COMMANDS } from "./resource-limits.ts";
import { STATISTICS_COMMANDS } from "./statistics.ts";
import { TLS_COMMANDS } from "./tls.ts";
import { TOP_COMMANDS } from "./top.ts";
import { UPGRADE_COMMANDS } from "./upgrade.ts";
import { USER_COMMANDS } from "./users.ts";
import { VHOST_COMMANDS } from "./vhosts.ts";

/** By name. `help`, `version` and `autocomplete` are about these and stand apart. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map(
  [
    ...NODE_COMMANDS,
    ...CLUSTER_COMMANDS,
    ...USER_COMMANDS,
    ...ACCESS_COMMANDS,
    ...VHOST_COMMANDS,
    ...LISTING_COMMANDS,
    ...PARAMETER_COMMANDS,
    ...POLICY_COMMANDS,
    ...DEFINITIONS_COMMANDS,
    MIGRATE,
    ...RESOURCE_LIMIT_COMMANDS,
    ...CONNECTION_COMMANDS,
    ...QUEUE_COMMANDS,
    ...REPLICA_COMMANDS,
    ...MESSAGE_COMMANDS,
    ...EXPLAIN_COMMANDS,
    ...DIAGNOSTICS_COMMANDS,
    ...LOG_COMMANDS,
    ...EVENT_COMMANDS,
    ...HOST_COMMANDS,
    ...TLS_COMMANDS,
    ...AUTH_ATTEMPT_COMMANDS,
    ...STATISTICS_COMMANDS,
    ...METADATA_STORE_COMMANDS,
    ...FEATURE_COMMANDS,
    ...POLICY_CHECK_COMMANDS,
    ...QUEUE_CHECK_COMMANDS,
    ...ADMINISTRATION_COMMANDS,
    ...REPORT_COMMANDS,
    ...TOP_COMMANDS,
    ...PLUGIN_COMMANDS,
    ...UPGRADE_COMMANDS,
    ...UNSUPPORTED_COMMANDS,
  ].map((command) => [command.name, command]),
);
