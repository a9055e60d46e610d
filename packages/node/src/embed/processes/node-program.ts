import type { ClusterStatus } from "../../control/controlled-node.ts";
import { ClusterNode } from "../cluster-node.ts";
import { embeddedLogging } from "../embedded-logging.ts";
import { NetworkCut } from "../network-cut.ts";
import type { NodeAnswer, NodeCall, NodePorts, NumberedCall } from "./node-call.ts";

/** A node of a cluster of processes: does what the process that started it says, and ends with it. */

const cut = new NetworkCut();
let node: ClusterNode | undefined;

process.on("message", (message) => {
  const { id, call } = message as NumberedCall; // The other end is ProcessNode.
  obey(call).then(
    (status) => answer({ id, ports: ports(), error: undefined, status }),
    (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      answer({ id, ports: ports(), error: text, status: undefined });
    },
  );
});
process.once("disconnect", () => process.exit());
// Ctrl-C of a test reaches the whole process group; the parent decides what it means.
process.on("SIGINT", () => undefined);

async function obey(call: NodeCall): Promise<ClusterStatus | undefined> {
  switch (call.method) {
    case "open":
      node = new ClusterNode(call.config, {
        logging: embeddedLogging(call.logLevel),
        faults: cut.endOf(call.index),
        onAddress: (address) => cut.place(call.index, address),
      });
      await node.open();
      return undefined;
    case "startApp":
      await opened().startApp();
      return undefined;
    case "join":
      await opened().shell.joinCluster(call.target);
      return undefined;
    case "status":
      return opened().status();
    case "stop":
      await opened().stop();
      return undefined;
    case "place":
      cut.place(call.index, call.address);
      return undefined;
    case "cut":
      if (call.groups === undefined) cut.heal();
      else cut.partition(call.groups);
      return undefined;
  }
}

function opened(): ClusterNode {
  if (node === undefined) throw new Error("the node is not open");
  return node;
}

function ports(): NodePorts {
  return { port: node?.clientPort, clusterPort: node?.clusterPort };
}

function answer(message: NodeAnswer): void {
  process.send?.(message);
}
