import { arg, type Command, NOTHING } from "./command.ts";
import { readJson } from "./limits.ts";
import { listing } from "./listing.ts";

export const PARAMETER_COMMANDS: readonly Command[] = [
  {
    name: "set_parameter",
    group: "Parameters",
    tools: ["rabbitmqctl"],
    usage: "[--vhost <vhost>] <component_name> <name> <value>",
    summary: "Sets a runtime parameter of a vhost",
    count: [3, 3],
    needs: "running",
    banner: ({ args: [component = "", name = "", value = ""], vhost }) =>
      `Setting runtime parameter "${name}" for component "${component}" to "${value}" in vhost "${vhost}" ...`,
    run: async ({ args: [component, name, value = ""], vhost }, caller) => {
      await caller.call("set_parameter", { vhost, component, name, value: readJson(value) });
      return NOTHING;
    },
  },
  {
    name: "clear_parameter",
    group: "Parameters",
    tools: ["rabbitmqctl"],
    usage: "[--vhost <vhost>] <component_name> <name>",
    summary: "Removes a runtime parameter of a vhost",
    count: [2, 2],
    needs: "running",
    banner: ({ args: [component = "", name = ""], vhost }) =>
      `Clearing runtime parameter "${name}" for component "${component}" on vhost "${vhost}" ...`,
    run: async ({ args: [component, name], vhost }, caller) => {
      await caller.call("clear_parameter", { vhost, component, name });
      return NOTHING;
    },
  },
  {
    name: "list_parameters",
    group: "Parameters",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--vhost <vhost>] [--no-table-headers]",
    hasTimeout: true,
    summary: "Lists runtime parameters of a vhost",
    count: [0, 0],
    needs: "running",
    banner: ({ vhost }) => `Listing runtime parameters for vhost "${vhost}" ...`,
    run: async ({ vhost }, caller) =>
      listing(caller, "list_parameters", ["component", "name", "value"], { vhost }),
  },
  {
    name: "set_global_parameter",
    group: "Parameters",
    tools: ["rabbitmqctl"],
    usage: "<name> <value>",
    summary: "Sets a global runtime parameter",
    count: [2, 2],
    needs: "running",
    banner: (input) =>
      `Setting global runtime parameter "${arg(input, 0)}" to "${arg(input, 1)}" ...`,
    run: async (input, caller) => {
      const value = readJson(arg(input, 1));
      await caller.call("set_global_parameter", { name: arg(input, 0), value });
      return NOTHING;
    },
  },
  {
    name: "clear_global_parameter",
    group: "Parameters",
    tools: ["rabbitmqctl"],
    usage: "<name>",
    summary: "Removes a global runtime parameter",
    count: [1, 1],
    needs: "running",
    banner: (input) => `Clearing global runtime parameter "${arg(input, 0)}" ...`,
    run: async (input, caller) => {
      await caller.call("clear_global_parameter", { name: arg(input, 0) });
      return NOTHING;
    },
  },
  {
    name: "list_global_parameters",
    group: "Parameters",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--no-table-headers]",
    hasTimeout: true,
    summary: "Lists global runtime parameters",
    count: [0, 0],
    needs: "running",
    banner: () => "Listing global runtime parameters ...",
    run: async (_input, caller) => listing(caller, "list_global_parameters", ["name", "value"]),
  },
  {
    name: "set_cluster_name",
    group: "Configuration and Environment",
    tools: ["rabbitmqctl"],
    usage: "<name>",
    summary: "Names the cluster",
    count: [1, 1],
    needs: "running",
    banner: (input) => `Setting cluster name to ${arg(input, 0)} ...`,
    run: async (input, caller) => {
      await caller.call("set_cluster_name", { name: arg(input, 0) });
      return NOTHING;
    },
  },
];
