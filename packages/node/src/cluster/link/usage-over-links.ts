import type { Timers } from "@leveret/raft";
import { integerAt, sendPacked, unpack } from "../queue/queue-frames.ts";
import { LinkProtocolError } from "./link-frames.ts";
import { LinkKind } from "./link-kinds.ts";
import type { LinkPeer } from "./link-peer.ts";
import type { NodeLinks } from "./node-links.ts";

/** What a user or a vhost has open. */
export interface Usage {
  readonly connections: number;
  readonly channels: number;
}

interface OtherNode {
  readonly peer: LinkPeer;
  readonly usages: Map<string, Usage>;
}

const NONE: Usage = { connections: 0, channels: 0 };

/**
 * Connections and channels that limits of users and vhosts are about, of all nodes that can be heard (RabbitMQ: connection tracking).
 * Nodes tell each other what has changed at the end of a turn: for so long two of them may let in one too many, as in RabbitMQ.
 * Frame, packed: (name, connections, channels)*.
 */
export class UsageOverLinks {
  readonly #links: NodeLinks;
  readonly #timers: Timers;
  readonly #own = new Map<string, Usage>();
  readonly #changed = new Set<string>();
  readonly #others = new Map<number, OtherNode>();

  constructor(links: NodeLinks, timers: Timers) {
    this.#links = links;
    this.#timers = timers;
    links.onFrame(LinkKind.usage, (peer, payload) => this.#onUsage(peer, unpack(payload)));
    links.onUp((peer) => this.#tell(peer, this.#own.keys()));
  }

  /** What this node has changed to. */
  note(name: string, { connections, channels }: Usage): void {
    if (connections === 0 && channels === 0) this.#own.delete(name);
    else this.#own.set(name, { connections, channels });
    if (this.#changed.size === 0) this.#timers.defer(() => this.#tellChanges());
    this.#changed.add(name);
  }

  /** On all other nodes together. */
  elsewhere(name: string): Usage {
    let connections = 0;
    let channels = 0;
    for (const { usages } of this.#others.values()) {
      const usage = usages.get(name);
      connections += usage?.connections ?? 0;
      channels += usage?.channels ?? 0;
    }
    return { connections, channels };
  }

  #tellChanges(): void {
    for (const peer of this.#links.peers()) this.#tell(peer, this.#changed);
    this.#changed.clear();
  }

  #tell(peer: LinkPeer, names: Iterable<string>): void {
    const values = [...names].flatMap((name) => {
      const { connections, channels } = this.#own.get(name) ?? NONE;
      return [name, connections, channels];
    });
    if (values.length > 0) sendPacked(peer, LinkKind.usage, values);
  }

  #onUsage(peer: LinkPeer, values: readonly unknown[]): void {
    const usages = this.#usagesOf(peer);
    for (let at = 0; at < values.length; at += 3) {
      const name = values[at];
      if (typeof name !== "string") throw new LinkProtocolError("connections of nobody");
      const usage = {
        connections: integerAt(values, at + 1),
        channels: integerAt(values, at + 2),
      };
      if (usage.connections === 0 && usage.channels === 0) usages.delete(name);
      else usages.set(name, usage);
    }
  }

  /** On another link the node tells everything anew. */
  #usagesOf(peer: LinkPeer): Map<string, Usage> {
    const { nodeId } = peer;
    const known = this.#others.get(nodeId);
    if (known?.peer === peer) return known.usages;
    const usages = new Map<string, Usage>();
    this.#others.set(nodeId, { peer, usages });
    peer.onClose(() => {
      if (this.#others.get(nodeId)?.peer === peer) this.#others.delete(nodeId);
    });
    return usages;
  }
}
