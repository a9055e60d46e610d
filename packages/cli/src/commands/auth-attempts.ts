import { type Command, NOTHING } from "./command.ts";
import { rowsFrom } from "./listing.ts";

const COUNTS = ["auth_attempts", "auth_attempts_failed", "auth_attempts_succeeded"];
const BY_PROTOCOL = ["protocol", ...COUNTS];
const BY_SOURCE = ["protocol", "remote_address", "username", ...COUNTS];

/** Who has tried to log in to a node, and what backends have said to that. */
export const AUTH_ATTEMPT_COMMANDS: readonly Command[] = [
  attempts("list_node_auth_attempts"),
  // RabbitMQ 3.10's name.
  attempts("list_node_auth_attempt_stats"),
  {
    name: "reset_node_auth_attempt_metrics",
    group: "Configuration and Environment",
    tools: ["rabbitmq-diagnostics"],
    usage: "",
    summary: "Sets the counts of attempts to log in to zero",
    count: [0, 0],
    needs: "running",
    banner: ({ node }) => `Reset auth attempt metrics on node ${node} ...`,
    run: async (_input, caller) => {
      await caller.call("reset_auth_attempts", {});
      return NOTHING;
    },
  },
  {
    name: "clear_auth_backend_cache",
    group: "Access Control",
    tools: ["rabbitmqctl"],
    usage: "",
    summary: "Forgets what backends of authentication have answered (auth_backends = cache)",
    count: [0, 0],
    needs: "running",
    banner: ({ node }) => `Clearing the cache of authentication backends on node ${node} ...`,
    run: async (_input, caller) => {
      await caller.call("clear_auth_backend_cache", {});
      return NOTHING;
    },
  },
  tracking("enable_auth_attempt_source_tracking", true),
  tracking("disable_auth_attempt_source_tracking", false),
  // RabbitMQ's name.
  tracking("disable_track_auth_attempt_source", false),
];

function attempts(name: string): Command {
  return {
    name,
    group: "Monitoring, observability and health checks",
    tools: ["rabbitmq-diagnostics", "rabbitmqctl"],
    usage: "[--by-source]",
    summary: "Lists how often clients tried to log in to the node",
    details: [["--by-source", "by address and user name, while these are tracked"]],
    count: [0, 0],
    options: ["by-source"],
    needs: "running",
    banner: ({ node, options }) => {
      const how = options["by-source"] === true ? " by source" : "";
      return `Listing authentication attempts for node "${node}"${how} ...`;
    },
    run: async ({ options }, caller) => {
      const bySource = options["by-source"] === true;
      return {
        kind: "rows",
        columns: bySource ? BY_SOURCE : BY_PROTOCOL,
        rows: rowsFrom(caller, "list_auth_attempts", { bySource }),
      };
    },
  };
}

function tracking(name: string, isOn: boolean): Command {
  const verb = isOn ? "Enabling" : "Disabling";
  return {
    name,
    group: "Configuration and Environment",
    tools: ["rabbitmq-diagnostics"],
    usage: "",
    summary: `${isOn ? "Counts" : "Counts no longer"} attempts to log in by address and user name`,
    count: [0, 0],
    needs: "running",
    banner: () => `${verb} authentication attempt source tracking ...`,
    run: async (_input, caller) => {
      await caller.call("set_auth_attempt_source_tracking", { isOn });
      return NOTHING;
    },
  };
}
