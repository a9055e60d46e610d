import type { Connection, ConnectionHandler } from "@leveret/raft";
import { NodeLinks } from "../../../src/cluster/link/node-links.ts";
import { SILENT_LOGGING } from "../../../src/logger.ts";
import { RealRaftClock } from "../../../src/runtime/real-raft-clock.ts";

/** Links of nodes 1, 2, ... to each other, without sockets. */
export class LinkedNodes {
  readonly #nodes = new Map<number, NodeLinks>();
  readonly #connections = new Map<string, MemoryConnection>();
  readonly #cut = new Set<string>();

  /** Makes a node, without links. `incarnation`: which life of it. */
  add(nodeId: number, incarnation = nodeId * 10): NodeLinks {
    const links = new NodeLinks(
      { nodeId, clusterId: "hares", incarnation },
      {
        dial: (to, handler) => this.#dial(nodeId, to, handler),
        timers: new RealRaftClock(),
        log: SILENT_LOGGING.root,
        random: () => 0,
      },
    );
    this.#nodes.set(nodeId, links);
    return links;
  }

  /** All nodes dial each other. */
  connect(): void {
    for (const links of this.#nodes.values()) links.setPeers(this.#nodes.keys());
  }

  /** The link that one node dialled to another is lost, and cannot be dialled again until `mend`. */
  cut(from: number, to: number): void {
    this.#cut.add(`${from} ${to}`);
    this.#connections.get(`${from} ${to}`)?.destroy("cut");
  }

  mend(from: number, to: number): void {
    this.#cut.delete(`${from} ${to}`);
    this.#nodes.get(from)?.hurry(to);
  }

  close(): void {
    for (const links of this.#nodes.values()) links.close();
  }

  #dial(from: number, to: number, handler: ConnectionHandler): Connection | undefined {
    const other = this.#nodes.get(to);
    const name = `${from} ${to}`;
    if (other === undefined || this.#cut.has(name)) return undefined;
    const [near, far] = [new MemoryConnection(), new MemoryConnection()];
    near.join(far, handler);
    far.join(near, other.accept(far));
    this.#connections.set(name, near);
    setImmediate(() => {
      if (near.isOpen) handler.onOpen();
    });
    return near;
  }
}

/** One end of a connection in memory. What is written arrives in a later turn, in order. */
class MemoryConnection implements Connection {
  readonly bufferedBytes = 0;
  isOpen = true;
  handler: ConnectionHandler | undefined;
  #other: MemoryConnection | undefined;

  join(other: MemoryConnection, handler: ConnectionHandler): void {
    this.#other = other;
    this.handler = handler;
  }

  write(bytes: Uint8Array): boolean {
    const copy = Uint8Array.from(bytes);
    const other = this.#other;
    setImmediate(() => {
      if (other?.isOpen === true) other.handler?.onData(copy);
    });
    return true;
  }

  pause(): void {
    // Nothing of what is here comes in such numbers.
  }

  resume(): void {
    // Never paused.
  }

  destroy(reason: string): void {
    for (const end of [this, this.#other]) {
      if (end?.isOpen !== true) continue;
      end.isOpen = false;
      setImmediate(() => end.handler?.onClose(reason));
    }
  }
}
