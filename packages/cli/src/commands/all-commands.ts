import { ACCESS_COMMANDS } from "./access.ts";
import { CLUSTER_COMMANDS } from "./cluster.ts";
import type { Command } from "./command.ts";
import { DEFINITIONS_COMMANDS } from "./definitions.ts";
import { DIAGNOSTICS_COMMANDS } from "./diagnostics.ts";
import { CONNECTION_COMMANDS, LISTING_COMMANDS } from "./listings.ts";
import { NODE_COMMANDS } from "./node.ts";
import { UNSUPPORTED_COMMANDS } from "./not-supported.ts";
import { PARAMETER_COMMANDS } from "./parameters.ts";
import { POLICY_COMMANDS } from "./policies.ts";
import { QUEUE_COMMANDS } from "./queues.ts";
import { REPLICA_COMMANDS } from "./replicas.ts";
import { RESOURCE_LIMIT_COMMANDS } from "./resource-limits.ts";
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
    ...RESOURCE_LIMIT_COMMANDS,
    ...CONNECTION_COMMANDS,
    ...QUEUE_COMMANDS,
    ...REPLICA_COMMANDS,
    ...DIAGNOSTICS_COMMANDS,
    ...UNSUPPORTED_COMMANDS,
  ].map((command) => [command.name, command]),
);
