import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, type Input, NOTHING, type Output } from "./command.ts";
import { limitsOutput, readLimits } from "./limits.ts";
import { checkColumns, columnsOf, listing } from "./listing.ts";

const VHOST_COLUMNS = [
  "name",
  "tracing",
  "description",
  "tags",
  "default_queue_type",
  "cluster_state",
  "protected_from_deletion",
];

/** delete_vhost: the vhost is the argument. */
function noSuchVhost(code: string, _message: string, input: Input): CliError | undefined {
  if (code !== "no_such_vhost") return undefined;
  return new CliError(EXIT.data, `Virtual host '${arg(input, 0)}' does not exist`);
}

export const VHOST_COMMANDS: readonly Command[] = [
  {
    name: "add_vhost",
    group: "Virtual hosts",
    tools: ["rabbitmqctl"],
    usage:
      '<vhost> [--description <description> --tags "<tag1>,<tag2>,<...>" --default-queue-type <quorum|classic|stream>]',
    summary: "Makes a vhost, or changes what is said of one",
    count: [1, 1],
    options: ["description", "tags", "default-queue-type"],
    needs: "running",
    banner: (input) => `Adding vhost "${arg(input, 0)}" ...`,
    run: async (input, caller) => {
      const { description, tags, "default-queue-type": defaultQueueType } = input.options;
      await caller.call("add_vhost", {
        name: arg(input, 0),
        description,
        tags: tags?.split(",").filter((tag) => tag !== ""),
        defaultQueueType,
      });
      return NOTHING;
    },
  },
  {
    name: "delete_vhost",
    group: "Virtual hosts",
    tools: ["rabbitmqctl"],
    usage: "<vhost>",
    summary: "Deletes a vhost with everything in it",
    count: [1, 1],
    needs: "running",
    banner: (input) => `Deleting vhost "${arg(input, 0)}" ...`,
    run: async (input, caller) => {
      await caller.call("delete_vhost", { name: arg(input, 0) });
      return NOTHING;
    },
    explain: noSuchVhost,
  },
  protection("enable", "Protects a vhost from deletion", true),
  protection("disable", "Ends a vhost's protection from deletion", false),
  {
    name: "list_vhosts",
    group: "Access Control",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--no-table-headers] [<column> ...]",
    hasTimeout: true,
    summary: "Lists vhosts",
    details: [["<column>", `must be one of ${[...VHOST_COLUMNS].sort().join(", ")}`]],
    count: [0, Number.POSITIVE_INFINITY],
    needs: "running",
    check: (input) => checkColumns(input, VHOST_COLUMNS),
    banner: () => "Listing vhosts ...",
    run: async (input, caller) => listing(caller, "list_vhosts", columnsOf(input, ["name"])),
  },
  {
    name: "set_vhost_tags",
    group: "Virtual hosts",
    tools: ["rabbitmqctl"],
    usage: "<vhost> <tag> [...]",
    summary: "Replaces a vhost's tags",
    count: [1, Number.POSITIVE_INFINITY],
    needs: "running",
    banner: ({ args: [name = "", ...tags] }) =>
      `Setting tags for vhost "${name}" to [${tags.join(", ")}] ...`,
    run: async ({ args: [name, ...tags] }, caller) => {
      await caller.call("set_vhost_tags", { name, tags });
      return NOTHING;
    },
    explain: noSuchVhost,
  },
  {
    name: "set_vhost_limits",
    group: "Virtual hosts",
    tools: ["rabbitmqctl"],
    usage: "[--vhost <vhost>] <definition>",
    summary: "Limits connections and queues of a vhost",
    count: [1, 1],
    needs: "running",
    banner: (input) => `Setting vhost limits to "${arg(input, 0)}" for vhost "${input.vhost}" ...`,
    run: async (input, caller) => {
      const limits = readLimits(arg(input, 0));
      await caller.call("set_vhost_limits", { vhost: input.vhost, limits });
      return NOTHING;
    },
  },
  {
    name: "clear_vhost_limits",
    group: "Virtual hosts",
    tools: ["rabbitmqctl"],
    usage: "[--vhost <vhost>]",
    summary: "Takes all limits of a vhost away",
    count: [0, 0],
    needs: "running",
    banner: ({ vhost }) => `Clearing vhost "${vhost}" limits ...`,
    run: async ({ vhost }, caller) => {
      await caller.call("clear_vhost_limits", { vhost });
      return NOTHING;
    },
  },
  {
    name: "list_vhost_limits",
    group: "Virtual hosts",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--vhost <vhost>] [--global] [--no-table-headers]",
    summary: "Shows the limits of a vhost, or with --global of all",
    count: [0, 0],
    options: ["global"],
    needs: "running",
    banner: ({ options, vhost }) => {
      const whose = options.global === true ? "all vhosts" : `vhost "${vhost}"`;
      return `Listing limits for ${whose} ...`;
    },
    run: async ({ options, vhost }, caller) => {
      const isGlobal = options.global === true;
      const params = { vhost: isGlobal ? undefined : vhost };
      return limitsOutput(await caller.call("list_vhost_limits", params), "vhost", isGlobal);
    },
  },
  tracing("trace_on", true),
  tracing("trace_off", false),
];

function tracing(name: "trace_on" | "trace_off", isOn: boolean): Command {
  return {
    name,
    group: "Virtual hosts",
    tools: ["rabbitmqctl"],
    usage: "[--vhost <vhost>]",
    summary: `${isOn ? "Starts" : "Stops"} copying a vhost's messages to amq.rabbitmq.trace`,
    count: [0, 0],
    needs: "running",
    banner: ({ vhost }) => `${isOn ? "Starting" : "Stopping"} tracing for vhost "${vhost}" ...`,
    run: async ({ vhost }, caller): Promise<Output> => {
      await caller.call("set_tracing", { vhost, isOn });
      return { kind: "text", text: `Trace ${isOn ? "enabled" : "disabled"} for vhost ${vhost}` };
    },
  };
}

function protection(verb: "enable" | "disable", summary: string, isOn: boolean): Command {
  return {
    name: `${verb}_vhost_deletion_protection`,
    group: "Virtual hosts",
    tools: ["rabbitmqctl"],
    usage: "<vhost>",
    summary,
    count: [1, 1],
    needs: "running",
    banner: (input) =>
      `${isOn ? "Protecting" : "Ending the protection of"} vhost "${arg(input, 0)}" ...`,
    run: async (input, caller) => {
      await caller.call("set_vhost_protection", { vhost: arg(input, 0), isOn });
      return NOTHING;
    },
    explain: noSuchVhost,
  };
}
