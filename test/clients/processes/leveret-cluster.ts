import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCluster } from "leveret";

const NODES = 3;

/** Every queue that can be has replicas on all nodes, and is led by one that its name decides, so mostly not by its client's. */
const DEFINITIONS = {
  vhosts: [{ name: "/" }],
  users: [{ name: "guest", password: "guest", tags: "administrator" }],
  permissions: [{ user: "guest", vhost: "/", configure: ".*", write: ".*", read: ".*" }],
  policies: [
    {
      vhost: "/",
      name: "mirrored",
      pattern: ".*",
      "apply-to": "queues",
      priority: 0,
      definition: { "ha-mode": "all", "queue-leader-locator": "random" },
    },
  ],
};

/** Three nodes of our broker, in this process. */
export interface LeveretCluster {
  readonly urls: readonly string[];
  stop(): Promise<void>;
}

/** Starts three nodes in one cluster, with mirrored queues. */
export async function startLeveretCluster(): Promise<LeveretCluster> {
  const directory = await mkdtemp(join(tmpdir(), "leveret-clients-"));
  const definitions = join(directory, "definitions.json");
  await writeFile(definitions, JSON.stringify(DEFINITIONS));
  const cluster = await startCluster(NODES, {
    directory,
    configure: (config, index) =>
      index === 0 ? { ...config, definitions: [definitions] } : config,
  });
  return {
    urls: cluster.nodes.map(({ url }) => `${url}/`),
    stop: async () => {
      await cluster.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
