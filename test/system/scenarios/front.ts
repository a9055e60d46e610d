import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "amqplib";
import type { Topology } from "../topology/topology.ts";
import { expectThat, type Scenario } from "./scenario.ts";

/** What stands before the nodes lets through what it should, and changes nothing. */
export const FRONT_SCENARIOS: readonly Scenario[] = [
  {
    name: "three nodes behind HAProxy form one cluster",
    run: async (topology) => {
      const status = await topology
        .node(0)
        .run("rabbitmqctl", "--formatter", "json", "cluster_status");
      const { running_nodes: running } = JSON.parse(status) as { running_nodes: string[] }; // As the tool prints it.
      const names = topology.nodes.map(({ nodeName }) => nodeName);
      expectThat(running.join() === names.join(), `running: ${running.join()}`);
    },
  },
  {
    name: "the image's health check passes, as the user that is not root",
    run: async (topology, say) => {
      for (const node of topology.nodes) await node.run(...node.options.image.healthCheck);
      const uid = uidOf(topology.node(0).pid);
      expectThat(uid === 999, `the broker runs as user ${uid}`);
      say(`user ${uid}, ${topology.node(0).options.image.healthCheck.join(" ")}`);
    },
  },
  {
    name: "what the systemd unit runs after the start returns",
    run: async (topology) => {
      const unit = readFileSync(join(topology.deploy, "systemd/leveret.service"), "utf8");
      const [, command = ""] = /^ExecStartPost=\/usr\/bin\/(.*)$/m.exec(unit) ?? [];
      await topology.node(0).run(...command.split(" "));
    },
  },
  {
    name: "PROXY protocol: the broker sees the addresses of clients",
    run: async (topology) => {
      const connection = await connect(topology.url);
      try {
        const command = ["rabbitmqctl", "--quiet", "list_connections", "peer_host"];
        const hosts = await topology.node(0).run(...command);
        expectThat(hosts.includes(topology.clientAddress), `peer hosts: ${hosts}`);
      } finally {
        await connection.close();
      }
    },
  },
  {
    name: "TLS is passed through: clients see the nodes' certificate",
    run: async (topology) => {
      const ca = [readFileSync(join(topology.certificates, "authority.pem"))];
      const connection = await connect(topology.tlsUrl, { ca, servername: "leveret" });
      const channel = await connection.createChannel();
      await channel.assertQueue("by-tls", { exclusive: true });
      await connection.close();
    },
  },
  {
    name: "the management interface answers through HAProxy",
    run: async (topology) => {
      const answer = await fetch(`http://${topology.address}:15672/api/overview`, {
        headers: { authorization: `Basic ${btoa(topology.credentials)}` },
      });
      const { node } = (await answer.json()) as { node: string }; // As RabbitMQ's.
      expectThat(answer.status === 200, `status ${answer.status}`);
      expectThat(node.startsWith("rabbit@leveret"), `node ${node}`);
    },
  },
  {
    name: "Prometheus finds what prometheus.yml names",
    run: async (topology, say) => {
      for (const { options } of topology.nodes) {
        const address = options.service.address ?? "";
        const answer = await fetch(`http://${address}:15692/metrics`);
        expectThat(answer.status === 200, `${address}:15692: status ${answer.status}`);
      }
      const proxy = await fetch(`http://${topology.address}:8404/metrics`);
      const text = await proxy.text();
      expectThat(text.includes("haproxy_server_status"), "HAProxy has no metrics");
      say("3 nodes and HAProxy");
    },
  },
];

function uidOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
}

/** A policy that has everything mirrored, as operators set one. */
export async function mirrorEverything(topology: Topology): Promise<void> {
  const definition = JSON.stringify({ "ha-mode": "all", "ha-sync-mode": "automatic" });
  await topology.node(0).run("rabbitmqctl", "set_policy", "ha-all", ".*", definition);
}
