import { arg, type Command, type Input, NOTHING } from "./command.ts";
import { readObject } from "./limits.ts";
import { listing } from "./listing.ts";

const COLUMNS = ["vhost", "name", "pattern", "apply-to", "definition", "priority"];

/** What differs between policies and operator policies. */
interface Kind {
  readonly infix: "" | "operator_";
  readonly set: string;
  readonly clear: string;
  readonly list: string;
}

const POLICY: Kind = {
  infix: "",
  set: "Setting policy",
  clear: "Clearing policy",
  list: "Listing policies",
};
const OPERATOR_POLICY: Kind = {
  infix: "operator_",
  set: "Setting operator policy override",
  clear: "Clearing operator policy",
  list: "Listing operator policy overrides",
};

export const POLICY_COMMANDS: readonly Command[] = [POLICY, OPERATOR_POLICY].flatMap((kind) => [
  setPolicy(kind),
  clearPolicy(kind),
  listPolicies(kind),
]);

function setPolicy({ infix, set }: Kind): Command {
  const noun = infix === "" ? "policy" : "operator policy";
  return {
    name: `set_${infix}policy`,
    group: "Policies",
    tools: ["rabbitmqctl"],
    usage:
      "[--vhost <vhost>] [--priority <priority>] [--apply-to <apply-to>] <name> <pattern> <definition>",
    summary: `Sets or replaces ${infix === "" ? "a policy" : "an operator policy, which limits what policies may set"}`,
    details: [
      ["<pattern>", "regular expression on names of queues and exchanges"],
      ["<definition>", 'JSON: \'{"ha-mode":"all"}\''],
      ["--priority", "the highest that matches applies; default 0"],
      ["--apply-to", `queues, exchanges or all; the ${noun}'s default is all`],
    ],
    count: [3, 3],
    options: ["priority", "apply-to"],
    needs: "running",
    banner: ({ args: [name = "", pattern = "", definition = ""], options, vhost }) =>
      `${set} "${name}" for pattern "${pattern}" to "${definition}" with priority "${options.priority ?? 0}" for vhost "${vhost}" ...`,
    run: async (input, caller) => {
      const definition = readObject(arg(input, 2), "policy definition");
      await caller.call(`set_${infix}policy`, {
        vhost: input.vhost,
        name: arg(input, 0),
        pattern: arg(input, 1),
        definition,
        priority: input.options.priority ?? 0,
        applyTo: input.options["apply-to"] ?? (infix === "" ? "all" : "queues"),
      });
      return NOTHING;
    },
  };
}

function clearPolicy({ infix, clear }: Kind): Command {
  return {
    name: `clear_${infix}policy`,
    group: "Policies",
    tools: ["rabbitmqctl"],
    usage: "[--vhost <vhost>] <name>",
    summary: `Removes ${infix === "" ? "a policy" : "an operator policy"}`,
    // Some guides repeat the arguments of set_policy: it is clear what is meant.
    count: [1, 3],
    options: ["priority", "apply-to"],
    needs: "running",
    banner: (input) => `${clear} "${arg(input, 0)}" on vhost "${input.vhost}" ...`,
    warn: ({ args }: Input) =>
      args.length === 1
        ? undefined
        : `Warning: clear_${infix}policy takes the policy's name only; ignored: ${args.slice(1).join(" ")}`,
    run: async (input, caller) => {
      await caller.call(`clear_${infix}policy`, { vhost: input.vhost, name: arg(input, 0) });
      return NOTHING;
    },
  };
}

function listPolicies({ infix, list }: Kind): Command {
  return {
    name: `list_${infix}policies`,
    group: "Policies",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--vhost <vhost>] [--no-table-headers]",
    hasTimeout: true,
    summary: `Lists ${infix === "" ? "policies" : "operator policies"} of a vhost`,
    count: [0, 0],
    needs: "running",
    banner: ({ vhost }) => `${list} for vhost "${vhost}" ...`,
    run: async ({ vhost }, caller) => listing(caller, `list_${infix}policies`, COLUMNS, { vhost }),
  };
}
