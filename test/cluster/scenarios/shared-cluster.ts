import { withChannel } from "../host/clients.ts";
import { Host } from "../host/host.ts";
import type { HostNode } from "../host/host-node.ts";
import { until } from "../host/until.ts";
import { joinAll, queuesOf, startAlone, statusOf } from "./form.ts";

/** Two that each node has declared. */
export const QUEUES: readonly string[] = [1, 2, 3].flatMap((node) => [
  `hello.${node}.a`,
  `hello.${node}.b`,
]);

/** A cluster of three with mirrored queues, for several cases one after the other; one that fails leaves the next a new one. */
export class SharedCluster {
  #host: Host | undefined;

  async use(work: (host: Host) => Promise<void>): Promise<void> {
    this.#host ??= await makeCluster();
    try {
      await waitUntilWhole(this.#host);
      await work(this.#host);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#host?.close();
    this.#host = undefined;
  }
}

async function makeCluster(): Promise<Host> {
  const host = await Host.make(3);
  try {
    await startAlone(host);
    await joinAll(host);
    const policy = `ha-all '^hello' '{"ha-mode":"all","ha-sync-mode":"automatic"}'`;
    await host.ok(`rabbitmqctl -n rabbit1@localhost set_policy ${policy}`);
    for (const [at, queue] of QUEUES.entries()) await declare(host.node(1 + (at >> 1)), queue);
    return host;
  } catch (error) {
    await host.close();
    throw error;
  }
}

async function declare({ url }: HostNode, queue: string): Promise<void> {
  await withChannel(url, async (channel) => {
    await channel.assertQueue(queue, { durable: true });
  });
}

/** Three nodes run, and each queue has a mirror with everything at each. */
async function waitUntilWhole(host: Host): Promise<void> {
  const { name } = host.node(1);
  await until("three nodes run", async () => {
    return (await statusOf(host, name)).running_nodes.length === host.nodes.length;
  });
  await until("all mirrors are synchronised", async () => {
    const queues = await queuesOf(host, name, "state synchronised_slave_pids");
    return QUEUES.every((queue) => {
      const { state, synchronised_slave_pids: pids } = queues.get(queue) ?? {};
      return state === "running" && Array.isArray(pids) && pids.length === host.nodes.length - 1;
    });
  });
}
