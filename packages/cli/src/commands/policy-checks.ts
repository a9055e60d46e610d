import type { Caller } from "../caller.ts";
import type { Row } from "../cell.ts";
import { CliError, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, type Input, type Output } from "./command.ts";
import { each, listing, rowsFrom } from "./listing.ts";

const COLUMNS = ["vhost", "name", "pattern", "apply-to", "definition", "priority"];
const DEFINITION_AT = COLUMNS.indexOf("definition");
const HEALTH = "Monitoring, observability and health checks";
const CHECKS = ["rabbitmq-queues", "rabbitmq-diagnostics"] as const;
const OBJECT_TYPES = ["queue", "exchange", "quorum_queue", "classic_queue", "stream"];

/** Questions about policies, whatever vhost they are in. */
export const POLICY_CHECK_COMMANDS: readonly Command[] = [
  {
    name: "list_policies_that_match",
    group: "Policies",
    tools: ["rabbitmq-diagnostics"],
    usage: "[--object-type <type>] <name>",
    summary: "Lists policies that would apply to a name, the one in force first",
    details: [["<type>", `${OBJECT_TYPES.join(", ")}; queue by default`]],
    count: [1, 1],
    options: ["object-type"],
    needs: "running",
    check: (input) => {
      const type = objectType(input);
      if (OBJECT_TYPES.includes(type)) return;
      throw new UsageError(EXIT.usage, `unsupported object type '${type}'`);
    },
    banner: (input) => {
      const what = `${objectType(input)} '${arg(input, 0)}' in vhost '${input.vhost}'`;
      return `Listing policies that match ${what} ...`;
    },
    run: async (input, caller) => {
      const columns = ["name", "apply-to", "definition", "priority", "pattern"];
      const params = { vhost: input.vhost, name: arg(input, 0), kind: objectType(input) };
      return listing(caller, "list_policies_that_match", columns, params);
    },
  },
  listMirroring("list_policies_with_classic_queue_mirroring", "list_policies"),
  listMirroring("list_operator_policies_with_classic_queue_mirroring", "list_operator_policies"),
  {
    name: "check_if_cluster_has_classic_queue_mirroring_policy",
    group: HEALTH,
    tools: CHECKS,
    usage: "",
    summary: "Fails if a policy mirrors classic queues, which RabbitMQ 4 cannot do",
    count: [0, 0],
    needs: "running",
    banner: ({ node }) =>
      `Checking if cluster has any classic queue mirroring policy, as seen from node ${node} ...`,
    run: async (_input, caller): Promise<Output> => {
      const policies = await mirroringPolicies(caller, "list_policies");
      const overrides = await mirroringPolicies(caller, "list_operator_policies");
      if (policies.length + overrides.length === 0) {
        const text = "Cluster reported no policies that enable classic queue mirroring";
        return { kind: "text", text };
      }
      const lines = [...policies, ...overrides].map((row) => `${row[1]} in vhost ${row[0]}`);
      const heading = "Cluster reported the following policies enabling classic queue mirroring:";
      throw new CliError(EXIT.unavailable, `Error:\n${[heading, ...lines].join("\n")}`);
    },
  },
];

function objectType({ options: { "object-type": type = "queue" } }: Input): string {
  return type;
}

function listMirroring(name: string, method: string): Command {
  const noun = method === "list_policies" ? "policies" : "operator policies";
  return {
    name,
    group: HEALTH,
    tools: CHECKS,
    usage: "[--no-table-headers]",
    summary: `Lists ${noun} of all vhosts that mirror classic queues`,
    count: [0, 0],
    needs: "running",
    banner: () => `Listing ${noun} that enable classic queue mirroring ...`,
    run: async (_input, caller) => ({
      kind: "rows",
      columns: COLUMNS,
      rows: each(await mirroringPolicies(caller, method)),
    }),
  };
}

async function mirroringPolicies(caller: Caller, method: string): Promise<Row[]> {
  const found: Row[] = [];
  for (const vhost of await vhostNames(caller)) {
    for await (const row of rowsFrom(caller, method, { vhost, columns: COLUMNS })) {
      if (/"ha-mode"/.test(String(row[DEFINITION_AT]))) found.push(row);
    }
  }
  return found;
}

/** Of all vhosts. */
export async function vhostNames(caller: Caller): Promise<string[]> {
  const names: string[] = [];
  for await (const [name] of rowsFrom(caller, "list_vhosts", { columns: ["name"] })) {
    names.push(String(name));
  }
  return names;
}
