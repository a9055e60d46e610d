import { type NetworkLayout, ownerOf, PREFIX_LENGTH } from "./network-layout.ts";
import { runInside, runTool } from "./run-tool.ts";

const BRIDGE = "bridge";
const PORT = "eth0";
const LOOPBACK = "lo";

/** @throws Error that says what is missing here */
export function requireNetworkTools(): void {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    throw new Error("this test makes network namespaces, which needs Linux and root");
  }
  const tools = { ip: ["-Version"], iptables: ["--version"] };
  for (const [tool, parts] of Object.entries(tools)) {
    try {
      runTool(tool, parts);
    } catch (error) {
      const packages = "Debian's packages are iproute2 and iptables";
      throw new Error(`this test needs the program ${tool}: ${packages}`, { cause: error });
    }
  }
}

/** Makes the namespaces and connects them. @throws Error */
export function makeNetwork({ hub, nodes }: NetworkLayout): void {
  const bridge = ["link", "add", BRIDGE, "type", "bridge"];
  for (const { namespace } of [hub, ...nodes]) {
    runTool("ip", ["netns", "add", namespace]);
    runInside(namespace, "ip", ["link", "set", LOOPBACK, "up"]);
  }
  runInside(hub.namespace, "ip", bridge);
  runInside(hub.namespace, "ip", ["link", "set", BRIDGE, "up"]);
  setAddress(hub.namespace, hub.address, BRIDGE);
  for (const [index, { namespace, address }] of nodes.entries()) {
    const port = `node${index + 1}`;
    const peer = ["peer", "name", PORT, "netns", namespace];
    runInside(hub.namespace, "ip", ["link", "add", port, "type", "veth", ...peer]);
    runInside(hub.namespace, "ip", ["link", "set", port, "master", BRIDGE, "up"]);
    runInside(namespace, "ip", ["link", "set", PORT, "up"]);
    setAddress(namespace, address, PORT);
  }
}

/** Ends what runs in the namespaces, and removes them, with all that is in them. What is not there does not matter. */
export function removeNetwork({ hub, nodes }: NetworkLayout): void {
  const names = new Set(namespaces());
  for (const { namespace } of [...nodes, hub]) {
    if (names.has(namespace)) removeNamespace(namespace);
  }
}

/** Removes networks whose makers are gone without having done so. */
export function removeAbandoned(): void {
  for (const namespace of namespaces()) {
    const owner = ownerOf(namespace);
    if (owner !== undefined && !isAlive(owner)) removeNamespace(namespace);
  }
}

function setAddress(namespace: string, address: string, device: string): void {
  const cidr = `${address}/${PREFIX_LENGTH}`;
  runInside(namespace, "ip", ["address", "add", cidr, "dev", device]);
}

function namespaces(): string[] {
  return runTool("ip", ["netns", "list"])
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "");
}

function removeNamespace(namespace: string): void {
  for (const pid of runTool("ip", ["netns", "pids", namespace]).split("\n")) {
    if (pid !== "") kill(Number(pid));
  }
  runTool("ip", ["netns", "delete", namespace]);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
