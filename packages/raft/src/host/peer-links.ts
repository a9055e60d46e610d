import type { ConfState } from "../core/conf-state.ts";
import { type NodeId, nodeIdOf } from "../core/ids.ts";
import type { Transport } from "../transport/transport.ts";
import type { GroupHandle } from "./group-handle.ts";
import { forEachMember } from "./members.ts";

/** After a change of members, links are kept for so long: the next change may need them again. */
const KEEP_MS = 5000;

/** What the links need of the host. */
export interface LinksHost {
  readonly transport: Transport;
  nowMs(): number;
  handles(): Iterable<GroupHandle>;
  /** The link was ended from here; the transport does not call for it. */
  onUnlinked(node: NodeId): void;
}

/** Keeps links to the nodes of all members of the groups here, and to those that it was told to, and to no others. */
export class PeerLinks {
  readonly #host: LinksHost;
  readonly #self: NodeId;
  readonly #linked = new Set<NodeId>();
  /** Linked whatever the members are. */
  readonly #pinned = new Set<NodeId>();
  /** When to look for links that nobody needs any more; undefined: no members have changed. */
  #reviewAtMs: number | undefined;

  constructor(host: LinksHost, self: NodeId) {
    this.#host = host;
    this.#self = self;
  }

  pin(node: NodeId): void {
    this.#pinned.add(node);
    this.#link(node);
  }

  /** The node has left for good. */
  unpin(node: NodeId): void {
    this.#pinned.delete(node);
    this.#reviewSoon();
  }

  /** A group here has these members. */
  link(conf: ConfState): void {
    forEachMember(conf, (replica) => this.#link(nodeIdOf(replica)));
    this.#reviewSoon();
  }

  /** A group has gone from here. */
  onGroupGone(): void {
    this.#reviewSoon();
  }

  tick(nowMs: number): void {
    if (this.#reviewAtMs === undefined || nowMs < this.#reviewAtMs) return;
    this.#reviewAtMs = undefined;
    const needed = new Set(this.#pinned);
    for (const { conf } of this.#host.handles()) {
      forEachMember(conf, (replica) => needed.add(nodeIdOf(replica)));
    }
    for (const node of this.#linked) {
      if (needed.has(node)) continue;
      this.#linked.delete(node);
      this.#host.transport.removePeer(node);
      this.#host.onUnlinked(node);
    }
  }

  #link(node: NodeId): void {
    if (node === this.#self || this.#linked.has(node)) return;
    this.#linked.add(node);
    this.#host.transport.addPeer(node);
  }

  #reviewSoon(): void {
    this.#reviewAtMs ??= this.#host.nowMs() + KEEP_MS;
  }
}
