import { failed } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import type { Command } from "./command.ts";
import { rowsFrom } from "./listing.ts";

const GROUP = "Monitoring, observability and health checks";
const COLUMNS = [
  ...["Node Name", "Raft State", "Membership", "Last Log Index", "Last Written", "Last Applied"],
  ...["Commit Index", "Snapshot Index", "Term", "Machine Version"],
];

/** About the log of metadata, which RabbitMQ 4 keeps in Khepri. */
export const METADATA_STORE_COMMANDS: readonly Command[] = [
  {
    name: "metadata_store_status",
    group: GROUP,
    tools: ["rabbitmq-diagnostics"],
    usage: "",
    summary: "Shows how far each member of the cluster is with the metadata",
    count: [0, 0],
    needs: "running",
    banner: ({ node }) => `Status of metadata store on node ${node} ...`,
    run: async (_input, caller) => ({
      kind: "rows",
      formatter: "pretty_table",
      columns: COLUMNS,
      rows: rowsFrom(caller, "metadata_store_status", {}),
    }),
  },
  {
    name: "check_if_metadata_store_initialized",
    group: GROUP,
    tools: ["rabbitmq-diagnostics"],
    usage: "",
    summary: "Fails unless the node has the metadata of its cluster",
    count: [0, 0],
    needs: "any",
    banner: ({ node }) =>
      `Checking if metadata store on node ${node} has finished initializing ...`,
    run: async ({ node }, caller) => {
      const { state } = (await caller.call("node_state", {})) as {
        readonly state: string; // As its handler sends it.
      };
      if (state === "running") {
        return {
          kind: "text",
          text: `Metadata store on node ${node} has completed its initialization`,
        };
      }
      throw failed(
        EXIT.unavailable,
        `Metadata store on node ${node} reports to not yet have finished initialization`,
      );
    },
  },
];
