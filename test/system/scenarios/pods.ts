import { PodProbes } from "../topology/pod-probes.ts";
import type { Topology } from "../topology/topology.ts";
import { until } from "../until.ts";
import { expectThat, type Scenario } from "./scenario.ts";

/** What Kubernetes does with a StatefulSet, by the probes of deploy/kubernetes. */
export const POD_SCENARIOS: readonly Scenario[] = [
  {
    name: "pods: a drained one is alive and not ready",
    run: async (topology) => {
      const probes = new PodProbes(topology.deploy);
      const node = topology.node(2);
      expectThat(await probes.isReady(node), "it is not ready");
      expectThat(await probes.isAlive(node), "it is not alive");
      await node.run("rabbitmq-upgrade", "drain");
      expectThat(!(await probes.isReady(node)), "it is ready, though drained");
      expectThat(await probes.isAlive(node), "it is not alive when drained");
      await node.run("rabbitmq-upgrade", "revive");
      expectThat(await probes.isReady(node), "it is not ready when revived");
    },
  },
  {
    name: "pods, OrderedReady: stopped from the last to the first, started one after the other",
    run: async (topology, say) => {
      const probes = new PodProbes(topology.deploy);
      for (const node of [...topology.nodes].reverse()) {
        expectThat((await node.stop()) === 0, `${node.name} did not stop in order`);
      }
      for (const node of topology.nodes) {
        node.start();
        // Only now the next one is made.
        const ms = await until(`${node.name} is ready`, () => probes.isReady(node));
        say(`${node.name} ready after ${(ms / 1000).toFixed(1)} s`);
      }
      await topology.allUp();
    },
  },
  {
    name: "pods, OrderedReady: after all have crashed, the first is ready while it waits",
    run: async (topology) => {
      const probes = new PodProbes(topology.deploy);
      await crashAll(topology);
      const [first, second, third] = [topology.node(0), topology.node(1), topology.node(2)];
      first.start();
      await until("the first waits", async () => {
        const { text } = await first.exec(["rabbitmq-diagnostics", "is_booting"]);
        return text.includes("is booting");
      });
      await until("the first answers", () => probes.isReadyInOrder(first));
      expectThat(await probes.isAlive(first), "the first is not alive while it waits");
      expectThat(!(await probes.isReady(first)), "clients are served by one of three");
      second.start();
      await until("two of three serve", async () => {
        return (await probes.isReady(first)) && (await probes.isReady(second));
      });
      third.start();
      await topology.allUp();
    },
  },
  {
    name: "pods, Parallel: after all have crashed, all come back at once",
    run: async (topology, say) => {
      const probes = new PodProbes(topology.deploy);
      await crashAll(topology);
      for (const node of topology.nodes) node.start();
      const ms = await until("all are ready", async () => {
        const ready = await Promise.all(topology.nodes.map((node) => probes.isReady(node)));
        return ready.every((isReady) => isReady);
      });
      say(`ready after ${(ms / 1000).toFixed(1)} s`);
      await topology.allUp();
    },
  },
];

async function crashAll(topology: Topology): Promise<void> {
  for (const node of topology.nodes) node.signal("SIGKILL");
  for (const node of topology.nodes) await node.exited();
}
