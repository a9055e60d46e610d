import type { Connection, ConnectionHandler, Timer, Timers } from "@leveret/raft";
import type { Logger } from "../../logger.ts";
import { DialledLink, type LinkDial } from "./dialled-link.ts";
import { Link, type LinkOwner } from "./link.ts";
import type { LinkGreeting } from "./link-greeting.ts";
import { LinkKind } from "./link-kinds.ts";
import { LINK_BEAT_MS, LINK_COMPLAINTS_MAX, LINK_EARLY_BYTES_MAX } from "./link-limits.ts";
import type { LinkPeer } from "./link-peer.ts";

/** `payload` is a view, valid during the call: copy what is kept. Answers go to `peer`. */
export type LinkFrameHandler = (peer: LinkPeer, payload: Buffer) => void;

/** Kinds that every node handles, if not from the start. */
const COMMON_KINDS: ReadonlySet<number> = new Set(Object.values(LinkKind));

/** A frame that came before its handler. */
interface EarlyFrame {
  readonly link: Link;
  readonly payload: Buffer;
}

export interface NodeLinksOptions {
  readonly nodeId: number;
  readonly clusterId: string;
  /** Which life of this node's data directory. */
  readonly incarnation: number;
}

export interface NodeLinksDependencies {
  readonly dial: LinkDial;
  readonly timers: Timers;
  readonly log: Logger;
  /** Of jitter, 0 to 1. */
  readonly random: () => number;
}

/**
 * The links between the brokers of a cluster: each node keeps one dialled link to each other one, on which its requests go out and are
 * answered. Frames of a turn leave in one write. What is under way when a link closes may be lost; in one link, order is kept.
 */
export class NodeLinks {
  readonly #options: NodeLinksOptions;
  readonly #dependencies: NodeLinksDependencies;
  readonly #owner: LinkOwner;
  readonly #dialled = new Map<number, DialledLink>();
  readonly #accepted = new Set<Link>();
  readonly #handlers: (LinkFrameHandler | undefined)[] = [];
  readonly #early = new Map<number, EarlyFrame[]>();
  #earlyBytes = 0;
  readonly #upListeners = new Set<(peer: LinkPeer) => void>();
  readonly #downListeners = new Set<(nodeId: number, reason: string) => void>();
  /** Links with output, to be written at the end of this turn. */
  #dirty: Link[] = [];
  /** What was said of links that could not be used. */
  readonly #complaints = new Set<string>();
  #beat: Timer | undefined;
  #isClosed = false;

  constructor(options: NodeLinksOptions, dependencies: NodeLinksDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#owner = this.#makeOwner();
    this.#armBeat();
  }

  /** Of frames of this kind, 1 to 255, on all links. @throws RangeError if there is one already */
  onFrame(kind: number, handler: LinkFrameHandler): void {
    if (kind < 1 || kind > 0xff || this.#handlers[kind] !== undefined) {
      throw new RangeError(`kind ${kind} of frames cannot be handled`);
    }
    // Whoever registers is not ready for them before this turn ends.
    if (this.#early.has(kind)) this.#dependencies.timers.defer(() => this.#handleEarly(kind));
    this.#handlers[kind] = handler;
  }

  /** A dialled link is open: requests can be sent. The function returned ends that. */
  onUp(listener: (peer: LinkPeer) => void): () => void {
    this.#upListeners.add(listener);
    return () => void this.#upListeners.delete(listener);
  }

  /** A dialled link that was up is gone. The function returned ends that. */
  onDown(listener: (nodeId: number, reason: string) => void): () => void {
    this.#downListeners.add(listener);
    return () => void this.#downListeners.delete(listener);
  }

  /** Keeps links to these nodes, and to no others; this node itself is left out. */
  setPeers(nodeIds: Iterable<number>): void {
    if (this.#isClosed) return;
    const wanted = new Set(nodeIds);
    wanted.delete(this.#options.nodeId);
    for (const nodeId of [...this.#dialled.keys()]) {
      if (!wanted.has(nodeId)) this.#removePeer(nodeId);
    }
    for (const nodeId of wanted) {
      if (!this.#dialled.has(nodeId)) this.#addPeer(nodeId);
    }
  }

  /** The node is known to be up, or its address has changed: it is dialled now, not after the pause. */
  hurry(nodeId: number): void {
    this.#dialled.get(nodeId)?.hurry();
  }

  /** The dialled link to the node, if it is open. */
  peer(nodeId: number): LinkPeer | undefined {
    return this.#dialled.get(nodeId)?.open;
  }

  /** All open dialled links. */
  *peers(): Iterable<LinkPeer> {
    for (const { open } of this.#dialled.values()) if (open !== undefined) yield open;
  }

  /** Sends on the dialled link. False: there is none that is open, and nothing was sent. For what flows, use {@link peer}. */
  send(nodeId: number, kind: number, payload: Uint8Array): boolean {
    const peer = this.peer(nodeId);
    peer?.send(kind, payload);
    return peer !== undefined;
  }

  /** A connection of purpose `link` that another node has opened. */
  accept(connection: Connection): ConnectionHandler {
    const link = new Link(undefined, this.#owner);
    link.attach(connection);
    this.#accepted.add(link);
    if (this.#isClosed) link.destroy("this node stops");
    return link.handler;
  }

  /** Closes all links; listeners are told. Repeatable. */
  close(): void {
    this.#isClosed = true;
    this.#beat?.cancel();
    for (const dialled of [...this.#dialled.values()]) dialled.close("this node stops");
    this.#dialled.clear();
    for (const link of [...this.#accepted]) link.destroy("this node stops");
  }

  #addPeer(nodeId: number): void {
    const dialled = new DialledLink(nodeId, this.#owner, this.#dependencies);
    this.#dialled.set(nodeId, dialled);
    dialled.connect();
  }

  #removePeer(nodeId: number): void {
    this.#dialled.get(nodeId)?.close("the node is not needed any more");
    this.#dialled.delete(nodeId);
  }

  #makeOwner(): LinkOwner {
    return {
      greeting: (to) => ({ ...this.#options, to }),
      refusal: (link, greeting) => this.#refusal(link, greeting),
      onOpen: (link) => this.#onOpen(link),
      onProblem: (link, why) => this.#complain(link, why),
      onFrame: (link, kind, payload) => this.#onFrame(link, kind, payload),
      onOutput: (link) => this.#onOutput(link),
      onClosed: (link, reason, wasOpen) => this.#onClosed(link, reason, wasOpen),
    };
  }

  #refusal(link: Link, { nodeId, to, clusterId }: LinkGreeting): string | undefined {
    const options = this.#options;
    if (clusterId !== options.clusterId) return "the other node belongs to another cluster";
    if (to !== options.nodeId) return `the other node looks for node ${to}`;
    if (nodeId === options.nodeId) return "the other node has this node's id";
    if (link.isDialled && link.nodeId !== nodeId) return `the other node is node ${nodeId}`;
    return undefined;
  }

  #onOpen(link: Link): void {
    if (!link.isDialled) {
      this.#dropOlder(link);
      // It is up, so that it can be dialled.
      this.hurry(link.nodeId);
      return;
    }
    this.#dialled.get(link.nodeId)?.opened();
    for (const listener of [...this.#upListeners]) listener(link);
  }

  /** Links are tried again and again: what is wrong with them is said once. */
  #complain({ nodeId }: Link, why: string): void {
    const text = `a link with ${nodeId === 0 ? "another node" : `node ${nodeId}`} is closed: ${why}`;
    if (this.#complaints.has(text) || this.#complaints.size >= LINK_COMPLAINTS_MAX) return;
    this.#complaints.add(text);
    this.#dependencies.log.warn({ nodeId }, text);
  }

  /** A node has one dialled link: another one replaces what its end has lost. */
  #dropOlder(link: Link): void {
    for (const other of [...this.#accepted]) {
      const isOlder = other !== link && other.isOpen && other.nodeId === link.nodeId;
      if (isOlder) other.destroy("the other node has dialled again");
    }
  }

  #onFrame(link: Link, kind: number, payload: Buffer): void {
    const handler = this.#handlers[kind];
    if (handler === undefined || this.#early.has(kind)) this.#keep(kind, { link, payload });
    else this.#handle(handler, link, kind, payload);
  }

  #keep(kind: number, { link, payload }: EarlyFrame): void {
    if (!COMMON_KINDS.has(kind) || this.#earlyBytes + payload.length > LINK_EARLY_BYTES_MAX) {
      const why = `frames of kind ${kind} are unknown here`;
      this.#complain(link, why);
      link.destroy(why);
      return;
    }
    const frame = { link, payload: Buffer.from(payload) };
    const frames = this.#early.get(kind);
    if (frames === undefined) this.#early.set(kind, [frame]);
    else frames.push(frame);
    this.#earlyBytes += payload.length;
  }

  #handleEarly(kind: number): void {
    const handler = this.#handlers[kind];
    const frames = this.#early.get(kind) ?? [];
    this.#early.delete(kind);
    for (const { link, payload } of frames) {
      this.#earlyBytes -= payload.length;
      if (handler !== undefined && link.isOpen) this.#handle(handler, link, kind, payload);
    }
  }

  #handle(handler: LinkFrameHandler, link: Link, kind: number, payload: Buffer): void {
    try {
      handler(link, payload);
    } catch (error) {
      this.#dependencies.log.error({ err: error, kind }, "internal error at a frame of a link");
      link.destroy("internal error");
    }
  }

  #onOutput(link: Link): void {
    if (this.#dirty.length === 0) this.#dependencies.timers.defer(() => this.#flush());
    this.#dirty.push(link);
  }

  #flush(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const link of dirty) link.flush();
  }

  #onClosed(link: Link, reason: string, wasOpen: boolean): void {
    this.#accepted.delete(link);
    if (!link.isDialled) return;
    const { nodeId } = link;
    if (wasOpen) for (const listener of [...this.#downListeners]) listener(nodeId, reason);
    this.#dialled.get(nodeId)?.lost(link);
  }

  #armBeat(): void {
    this.#beat = this.#dependencies.timers.setTimer(LINK_BEAT_MS, () => {
      for (const { link } of [...this.#dialled.values()]) link?.beat();
      for (const link of [...this.#accepted]) link.beat();
      if (!this.#isClosed) this.#armBeat();
    });
  }
}
