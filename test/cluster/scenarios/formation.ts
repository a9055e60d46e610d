import { writeFile } from "node:fs/promises";
import { Host } from "../host/host.ts";
import { expectEqual } from "../host/until.ts";
import { statusOf } from "./form.ts";
import { type Scenario, withHost } from "./scenario.ts";

/** New nodes that have been told of each other, and are started at once. */
export const FORMATION: readonly Scenario[] = [
  {
    name: "formation-by-peer",
    run: () =>
      withHost(
        Host.make(3, (ports) => namesOf(ports).flatMap((name) => ["--peer", name])),
        expectOne,
      ),
  },
  {
    name: "formation-by-configuration",
    run: () =>
      withHost(
        Host.make(3, () => ["--config", "../rabbitmq.conf"]),
        async (host) => {
          const names = namesOf(host.nodes.map(({ clusterPort }) => clusterPort));
          const lines = names.map(
            (name, at) => `cluster_formation.classic_config.nodes.${at + 1} = ${name}`,
          );
          await writeFile(host.path("rabbitmq.conf"), `${lines.join("\n")}\n`);
          await expectOne(host);
        },
      ),
  },
];

function namesOf(ports: readonly number[]): string[] {
  return ports.map((port, at) => `rabbit${at + 1}@localhost:${port}`);
}

async function expectOne(host: Host): Promise<void> {
  for (const node of host.nodes) await node.start();
  for (const node of host.nodes) await node.ready();
  const names = host.nodes.map(({ name }) => name);
  for (const name of names) {
    const status = await statusOf(host, name);
    expectEqual(`members at ${name}`, status.disk_nodes, names);
    expectEqual(`running nodes at ${name}`, status.running_nodes, names);
    expectEqual(`cluster name at ${name}`, status.cluster_name, names[0]);
  }
}
