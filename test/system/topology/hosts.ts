import { runTool } from "../run-tool.ts";

const BRIDGE = "bridge";
const PREFIX_LENGTH = 24;

/** One host of the topology: a network namespace with an address. */
export interface Host {
  readonly name: string;
  readonly address: string;
}

/**
 * Connects hosts by a bridge in the present network namespace, which has to be one of its own, and where `client` is. All of it goes with
 * that namespace.
 */
export function makeHosts(client: Host, hosts: readonly Host[]): void {
  // Names of namespaces that nobody else sees, nor has to remove.
  runTool("mkdir", ["-p", "/run/netns"]);
  runTool("mount", ["-t", "tmpfs", "tmpfs", "/run/netns"]);
  runTool("ip", ["link", "set", "lo", "up"]);
  runTool("ip", ["link", "add", BRIDGE, "type", "bridge"]);
  runTool("ip", ["link", "set", BRIDGE, "up"]);
  runTool("ip", ["address", "add", `${client.address}/${PREFIX_LENGTH}`, "dev", BRIDGE]);
  for (const [index, { name, address }] of hosts.entries()) {
    const port = `host${index + 1}`;
    runTool("ip", ["netns", "add", name]);
    const peer = ["peer", "name", "eth0", "netns", name];
    runTool("ip", ["link", "add", port, "type", "veth", ...peer]);
    runTool("ip", ["link", "set", port, "master", BRIDGE, "up"]);
    const inside = (parts: readonly string[]): string => runTool("ip", ["-n", name, ...parts]);
    inside(["link", "set", "lo", "up"]);
    inside(["link", "set", "eth0", "up"]);
    inside(["address", "add", `${address}/${PREFIX_LENGTH}`, "dev", "eth0"]);
  }
}

/** Lines of /etc/hosts. */
export function hostsText(hosts: readonly Host[]): string {
  const lines = hosts.map(({ name, address }) => `${address} ${name}`);
  return ["127.0.0.1 localhost", "::1 localhost", ...lines, ""].join("\n");
}
