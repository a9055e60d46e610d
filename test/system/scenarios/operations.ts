import type { Container } from "../topology/container.ts";
import type { Topology } from "../topology/topology.ts";
import { until } from "../until.ts";
import { isOut, nodeWithClients } from "./clients-at.ts";
import { reportText, underLoad } from "./load.ts";
import { expectThat, type Scenario } from "./scenario.ts";

/** What operators do while clients work. */
export const OPERATION_SCENARIOS: readonly Scenario[] = [
  {
    name: "a node is drained and revived",
    run: async (topology, say) => {
      const report = await underLoad(topology, async () => {
        const node = await nodeWithClients(topology);
        await node.run("rabbitmq-upgrade", "drain");
        await until("HAProxy leaves the drained node out", () => isOut(topology, node));
        await expectDrained(topology, node);
        await node.run("rabbitmq-upgrade", "revive");
        await topology.allUp();
      });
      say(reportText(report));
    },
  },
  {
    name: "rolling restart: each node is drained, stopped and started",
    run: async (topology, say) => {
      const report = await underLoad(topology, async () => {
        for (const node of topology.nodes) await restart(topology, node, say);
      });
      say(reportText(report));
    },
  },
  {
    name: "a fourth node is added, and gets its mirrors",
    run: async (topology, say) => {
      const added = topology.addNode();
      const report = await underLoad(topology, async () => {
        added.start();
        await added.ready();
        await until("the queue has a mirror on the new node", async () => {
          const columns = ["--quiet", "--formatter", "json", "list_queues", "name", "members"];
          const text = await topology.node(0).run("rabbitmqctl", ...columns);
          return text.includes(`"rabbit@${added.name}"`);
        });
      });
      say(reportText(report));
      expectThat((await added.stop()) === 0, "the added node did not stop in order");
      await topology.node(0).run("rabbitmqctl", "forget_cluster_node", `rabbit@${added.name}`);
    },
  },
];

async function restart(
  topology: Topology,
  node: Container,
  say: (text: string) => void,
): Promise<void> {
  await node.run("rabbitmq-upgrade", "await_online_quorum_plus_one");
  await node.run("rabbitmq-upgrade", "drain");
  const startedMs = performance.now();
  const code = await node.stop();
  const stopMs = Math.round(performance.now() - startedMs);
  expectThat(code === 0, `${node.name} stopped with code ${code}`);
  node.start();
  await node.ready();
  await topology.allUp();
  say(`${node.name}: stopped in order after ${stopMs} ms`);
}

/** No clients, and it leads nothing. */
async function expectDrained(topology: Topology, node: Container): Promise<void> {
  const connections = await node.run(
    ...["rabbitmqctl", "--quiet", "--no-table-headers", "list_connections", "pid"],
  );
  expectThat(!connections.includes(node.nodeName), `clients of ${node.name}: ${connections}`);
  const leaders = await node.run(
    ...["rabbitmqctl", "--quiet", "--no-table-headers", "list_queues", "leader"],
  );
  expectThat(!leaders.includes(node.nodeName), `${node.name} leads: ${leaders}`);
  const status = await topology.node(1).run("rabbitmqctl", "cluster_status");
  const isMarked = status.includes(`Node: ${node.nodeName}, status: marked for maintenance`);
  expectThat(isMarked, `the others do not know that ${node.name} is drained: ${status}`);
}
