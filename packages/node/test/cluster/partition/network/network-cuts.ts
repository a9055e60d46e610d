import type { LayoutNode, NetworkLayout } from "./network-layout.ts";
import { runInside } from "./run-tool.ts";

/**
 * What becomes of packets from one node to another. silent: they vanish. unreachable: the sender has no route. reset: the
 * sender's connections are reset when it sends.
 */
export type CutStyle = "silent" | "unreachable" | "reset";

/** Packets of a burst that a slow link takes. */
const BURST = 20;

/** Faults of the network between nodes, each in one direction. Clients reach all nodes all the time. */
export class NetworkCuts {
  readonly #nodes: readonly LayoutNode[];

  constructor(layout: NetworkLayout) {
    this.#nodes = layout.nodes;
  }

  get count(): number {
    return this.#nodes.length;
  }

  cut(from: number, to: number, style: CutStyle): void {
    const sender = this.#node(from);
    const receiver = this.#node(to);
    switch (style) {
      case "silent":
        this.#onArrival(from, to, ["-j", "DROP"]);
        return;
      case "unreachable":
        runInside(sender.namespace, "ip", ["route", "add", "unreachable", receiver.address]);
        return;
      case "reset":
        iptables(sender, ["-A", "OUTPUT", "-d", receiver.address, "-p", "tcp", ...REJECT]);
        return;
      default:
        style satisfies never;
    }
  }

  /** Some packets vanish; `share`: 0 to 1. */
  lose(from: number, to: number, share: number): void {
    const statistic = ["-m", "statistic", "--mode", "random", "--probability", String(share)];
    this.#onArrival(from, to, [...statistic, "-j", "DROP"]);
  }

  /** Packets beyond so many per second vanish. Not each kernel can delay them. */
  slow(from: number, to: number, packetsPerSecond: number): void {
    const limit = ["--limit", `${packetsPerSecond}/second`, "--limit-burst", String(BURST)];
    this.#onArrival(from, to, ["-m", "limit", ...limit, "-j", "ACCEPT"]);
    this.#onArrival(from, to, ["-j", "DROP"]);
  }

  /** All is well again, everywhere. */
  heal(): void {
    for (const node of this.#nodes) {
      iptables(node, ["-F", "INPUT"]);
      iptables(node, ["-F", "OUTPUT"]);
      runInside(node.namespace, "ip", ["route", "flush", "type", "unreachable"]);
    }
  }

  #onArrival(from: number, to: number, rule: readonly string[]): void {
    iptables(this.#node(to), ["-A", "INPUT", "-s", this.#node(from).address, ...rule]);
  }

  #node(index: number): LayoutNode {
    const node = this.#nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }
}

const REJECT = ["-j", "REJECT", "--reject-with", "tcp-reset"];

function iptables({ namespace }: LayoutNode, parts: readonly string[]): void {
  runInside(namespace, "iptables", ["-w", ...parts]);
}
