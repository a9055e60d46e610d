import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { NetworkLayout } from "../../../packages/node/test/cluster/partition/network/network-layout.ts";
import { runInside } from "../../../packages/node/test/cluster/partition/network/run-tool.ts";
import type { LinkSpeed, RelayedLink } from "./link-speed.ts";

const PROGRAM: string = fileURLToPath(new URL("slow-link-relay.ts", import.meta.url));
const FIRST_PORT = 30_000;
const NORMAL: LinkSpeed = { delayMs: 0, jitterMs: 0, bytesPerSecond: 0 };

/**
 * Links between nodes that can be made slow, by a relay between them, as not each kernel can delay packets. Nodes see the
 * relay's address instead of each other's: cuts of the network do not reach them.
 */
export class SlowLinks {
  readonly #program: ChildProcess;

  private constructor(program: ChildProcess) {
    this.#program = program;
  }

  /** Leads what nodes send to each other's `port` over a relay in the namespace of the clients, in which this process is. */
  static async between({ hub, nodes }: NetworkLayout, port: number): Promise<SlowLinks> {
    const links: RelayedLink[] = [];
    for (const from of nodes) {
      for (const to of nodes) {
        if (from === to) continue;
        const listen = { host: hub.address, port: FIRST_PORT + links.length };
        links.push({ listen, to: { host: to.address, port } });
        const match = ["-p", "tcp", "-d", to.address, "--dport", `${port}`];
        const target = ["-j", "DNAT", "--to-destination", `${listen.host}:${listen.port}`];
        const rule = ["-w", "-t", "nat", "-A", "OUTPUT", ...match, ...target];
        runInside(from.namespace, "iptables", rule);
      }
    }
    const program = fork(PROGRAM, [JSON.stringify(links)], { stdio: "inherit" });
    await once(program, "message");
    return new SlowLinks(program);
  }

  slowDown(speed: LinkSpeed): void {
    this.#program.send(speed);
  }

  heal(): void {
    this.#program.send(NORMAL);
  }

  close(): void {
    this.#program.kill("SIGKILL");
  }
}
