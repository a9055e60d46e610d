import { writeFile } from "node:fs/promises";
import { Host } from "../host/host.ts";
import { expectEqual } from "../host/until.ts";
import { statusOf } from "./form.ts";
import { type Scenario, withHost } from "./scenario.ts";

/** However slow the host is: the others wait for the node with the lowest name. */
const PATIENCE = "cluster_formation.discovery_retry_limit = unlimited";

/** New nodes that have been told of each other, and are started at once. */
export const FORMATION: readonly Scenario[] = [
  formation("formation-by-peer", (ports) => ({
    flags: namesOf(ports).flatMap((name) => ["--peer", name]),
    lines: [],
  })),
  // As nodes of one host find each other by epmd: nobody is told a port.
  formation("formation-by-names", () => ({
    flags: [1, 2, 3].flatMap((number) => ["--peer", `rabbit${number}@localhost`]),
    lines: [],
  })),
  formation("formation-by-configuration", (ports) => ({
    flags: [],
    lines: namesOf(ports).map(
      (name, at) => `cluster_formation.classic_config.nodes.${at + 1} = ${name}`,
    ),
  })),
];

interface Told {
  readonly flags: readonly string[];
  /** Of the configuration file. */
  readonly lines: readonly string[];
}

function formation(name: string, tell: (ports: readonly number[]) => Told): Scenario {
  const flags = (ports: readonly number[]): readonly string[] => [
    ...tell(ports).flags,
    "--config",
    "../rabbitmq.conf",
  ];
  return {
    name,
    run: () =>
      withHost(Host.make(3, flags), async (host) => {
        const { lines } = tell(host.nodes.map(({ clusterPort }) => clusterPort));
        await writeFile(host.path("rabbitmq.conf"), `${[PATIENCE, ...lines].join("\n")}\n`);
        await expectOne(host);
      }),
  };
}

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
