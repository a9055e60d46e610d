import type { Caller } from "../caller.ts";
import type { Cell, Row } from "../cell.ts";
import { CliError, failed } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, type Output } from "./command.ts";
import { rowsFrom } from "./listing.ts";
import { vhostNames } from "./policy-checks.ts";

const GROUP = "Monitoring, observability and health checks";

/** What is looked at before and after changes of a cluster. */
export const QUEUE_CHECK_COMMANDS: readonly Command[] = [
  {
    name: "check_for_quorum_queues_without_an_elected_leader",
    group: GROUP,
    tools: ["rabbitmq-diagnostics"],
    usage: "[--vhost <vhost>] [--across-all-vhosts] <pattern>",
    summary: "Fails if a quorum queue whose name matches has no leader",
    details: [["<pattern>", "regular expression; all queues without it"]],
    count: [0, 1],
    options: ["across-all-vhosts"],
    needs: "running",
    check: (input) => void patternOf(arg(input, 0)),
    banner: (input) =>
      `Checking leader health of quorum queues matching '${arg(input, 0)}' in ${input.options["across-all-vhosts"] === true ? "all vhosts" : `vhost '${input.vhost}'`} ...`,
    run: async (input, caller): Promise<Output> => {
      const isEverywhere = input.options["across-all-vhosts"] === true;
      const vhosts = isEverywhere ? await vhostNames(caller) : [input.vhost];
      const pattern = patternOf(arg(input, 0));
      const without = await quorumQueues(caller, vhosts, ["leader"], ([leader]) => leader === null);
      const found = without.filter(({ name }) => pattern.test(name));
      if (found.length === 0) {
        const text = "Node reported all quorum queue as having responsive leader replicas";
        return { kind: "text", text };
      }
      throw unhealthy("Node reported the following quorum queues as having no leader:", found);
    },
  },
  {
    name: "check_if_new_quorum_queue_replicas_have_finished_initial_sync",
    group: GROUP,
    tools: ["rabbitmq-queues", "rabbitmq-diagnostics"],
    usage: "",
    summary: "Fails if a replica of a quorum queue has not got all yet",
    count: [0, 0],
    needs: "running",
    banner: ({ node }) =>
      `Checking if any replicas of quorum queues on node ${node} are still catching up ...`,
    run: async ({ node }, caller): Promise<Output> => {
      const columns = ["members", "synchronised_members"];
      const found = await quorumQueues(
        caller,
        await vhostNames(caller),
        columns,
        ([members, synchronised]) => sizeOf(synchronised) < sizeOf(members),
      );
      if (found.length === 0) {
        return {
          kind: "text",
          text: `Node ${node} reported no queue replicas that are catching up`,
        };
      }
      throw unhealthy("Replicas of the following quorum queues are catching up:", found);
    },
  },
];

interface NamedQueue {
  readonly vhost: string;
  readonly name: string;
}

async function quorumQueues(
  caller: Caller,
  vhosts: readonly string[],
  columns: readonly string[],
  isWanted: (row: Row) => boolean,
): Promise<NamedQueue[]> {
  const found: NamedQueue[] = [];
  for (const vhost of vhosts) {
    const asked = { vhost, columns: ["name", "type", ...columns] };
    for await (const [name, type, ...row] of rowsFrom(caller, "list_queues", asked)) {
      if (type === "quorum" && isWanted(row)) found.push({ vhost, name: String(name) });
    }
  }
  return found;
}

function sizeOf(cell: Cell | undefined): number {
  return Array.isArray(cell) ? cell.length : 0;
}

function unhealthy(heading: string, queues: readonly NamedQueue[]): CliError {
  const lines = queues.map(({ vhost, name }) => `queue '${name}' in vhost '${vhost}'`);
  return new CliError(EXIT.unavailable, `Error:\n${[heading, ...lines].join("\n")}`);
}

/** @throws CliError */
function patternOf(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw failed(EXIT.data, error instanceof Error ? error.message : String(error));
  }
}
