import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../test/clients/processes/child-program.ts";
import type { Contestant } from "./compare.ts";
import { freePort } from "./free-port.ts";
import { type RabbitmqProcess, rabbitmqName, startRabbitmq } from "./rabbitmq-process.ts";

const NODES = 3;
const EPMD_STOP_MAX_MS = 10_000;

/**
 * Starts three RabbitMQ nodes with a port mapper of their own; those after the first find it by their configuration, and join it. Files
 * are below `directory`.
 */
export async function startRabbitmqCluster(directory: string, script: string): Promise<Contestant> {
  const nodes: RabbitmqProcess[] = [];
  const epmdPort = String(await freePort());
  const config = join(directory, "rabbitmq.conf");
  const names = Array.from({ length: NODES }, (_, index) => rabbitmqName(`-${index + 1}`));
  await writeFile(config, formation(names));
  await writeFile(join(directory, ".erlang.cookie"), "bench", { mode: 0o400 });
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    await runProgram({
      command: "epmd",
      arguments: ["-port", epmdPort, "-kill"],
      timeoutMs: EPMD_STOP_MAX_MS,
    });
  };
  try {
    for (const [index, nodeName] of names.entries()) {
      const home = join(directory, `rabbitmq-${index + 1}`);
      await mkdir(home);
      const environment = {
        // Where the cookie is.
        HOME: directory,
        ERL_EPMD_PORT: epmdPort,
        RABBITMQ_CONFIG_FILE: config,
      };
      nodes.push(await startRabbitmq(script, { home, nodeName, environment }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { name: "rabbitmq", nodes, version: nodes[0]?.version ?? "unknown", stop };
}

function formation(names: readonly string[]): string {
  const lines = names.map(
    (name, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${name}`,
  );
  return ["cluster_formation.peer_discovery_backend = classic_config", ...lines, ""].join("\n");
}
