import { Lane } from "../codec/frame.ts";
import { type NodeId, nodeIdOf } from "../core/ids.ts";
import type { RaftMessage } from "../core/message.ts";
import type { Timer } from "../env/clock.ts";
import type { NetListener } from "../env/net.ts";
import { Acceptor } from "./acceptor.ts";
import { Link } from "./link.ts";
import { LinkContext, type LinkDependencies, type LinkTransportOptions } from "./link-context.ts";
import type { LinkStatistics } from "./link-statistics.ts";
import type { Transport, TransportListener } from "./transport.ts";

/** Links to all peers of a node: see {@link Transport}. */
export class LinkTransport implements Transport {
  readonly #context: LinkContext;
  readonly #acceptor: Acceptor;
  readonly #listenAddress: string | undefined;
  readonly #links = new Map<NodeId, Link>();
  #netListener: NetListener | undefined;
  #tickTimer: Timer | undefined;
  #lastTickMs = 0;
  #isReportPlanned = false;

  constructor(
    options: LinkTransportOptions,
    dependencies: LinkDependencies,
    listener: TransportListener,
  ) {
    this.#listenAddress = options.listenAddress;
    this.#context = new LinkContext(options, dependencies, {
      listener,
      requestReports: () => this.#planReport(),
    });
    this.#acceptor = new Acceptor(this.#context, (peer) => this.#linkFor(peer));
  }

  /** Listens, if it has to; then `done`, with the error if the address cannot be listened on. Links work from now on. */
  start(done: (error: Error | undefined) => void): void {
    this.#lastTickMs = this.#context.clock.monotonicMs();
    this.#planTick();
    if (this.#listenAddress === undefined) {
      this.#context.timers.defer(() => done(undefined));
      return;
    }
    this.#context.net.listen(
      this.#listenAddress,
      (connection) => this.#acceptor.accept(connection),
      (error, listener) => {
        this.#netListener = listener;
        if (this.#context.isClosed) listener?.close(() => {});
        done(error);
      },
    );
  }

  /** Where it listens, with the real port; undefined: it does not. */
  get address(): string | undefined {
    return this.#netListener?.address;
  }

  get peers(): readonly NodeId[] {
    return [...this.#links.keys()];
  }

  /** Counters of all links, as they are now. */
  statistics(): readonly LinkStatistics[] {
    return [...this.#links.values()].map((link) => link.statistics);
  }

  send(message: RaftMessage): boolean {
    return this.#links.get(nodeIdOf(message.to))?.send(message) ?? false;
  }

  sendNote(to: NodeId, lane: "control" | "bulk", kind: number, body: Uint8Array): boolean {
    const which = lane === "control" ? Lane.Control : Lane.Bulk;
    return this.#links.get(to)?.sendNote(which, kind, body) ?? false;
  }

  flush(): void {
    const nowMs = this.#context.clock.monotonicMs();
    for (const link of this.#links.values()) link.flush(nowMs);
  }

  pauseAppends(paused: boolean): void {
    if (paused === this.#context.isAppendPaused) return;
    this.#context.isAppendPaused = paused;
    for (const link of this.#links.values()) link.applyPause();
  }

  isAlive(peer: NodeId): boolean {
    return this.#links.get(peer)?.isAlive ?? false;
  }

  lastRoundTripMs(peer: NodeId): number | undefined {
    return this.#links.get(peer)?.lastRoundTripMs;
  }

  addPeer(peer: NodeId): void {
    if (this.#context.isClosed || peer === this.#context.identity.nodeId) return;
    const link = this.#linkFor(peer);
    if (!link.isWanted) link.want();
  }

  removePeer(peer: NodeId): void {
    this.#links.get(peer)?.close("the peer was removed");
    this.#links.delete(peer);
  }

  queuedBytes(peer: NodeId): number {
    return this.#links.get(peer)?.queuedBytes ?? 0;
  }

  close(done: () => void): void {
    this.#context.close();
    this.#tickTimer?.cancel();
    this.#acceptor.close();
    for (const link of this.#links.values()) link.close("this node stops");
    this.#links.clear();
    const listener = this.#netListener;
    this.#netListener = undefined;
    if (listener === undefined) this.#context.timers.defer(done);
    else listener.close(done);
  }

  #linkFor(peer: NodeId): Link {
    const known = this.#links.get(peer);
    if (known !== undefined) return known;
    const link = new Link(this.#context, peer);
    this.#links.set(peer, link);
    return link;
  }

  #planTick(): void {
    this.#tickTimer = this.#context.timers.setTimer(this.#context.limits.linkHeartbeatMs, () =>
      this.#tick(),
    );
  }

  #tick(): void {
    this.#planTick();
    const nowMs = this.#context.clock.monotonicMs();
    const gapMs = nowMs - this.#lastTickMs - this.#context.limits.linkHeartbeatMs;
    this.#lastTickMs = nowMs;
    // A timer that is late by that much runs before the input that came meanwhile is read: silence is our own fault.
    const wasStalled = gapMs > this.#context.limits.stallMs;
    for (const link of [...this.#links.values()]) {
      if (wasStalled) link.excuse(gapMs, nowMs);
      link.tick(nowMs);
      if (link.isObsolete) this.#links.delete(link.peer);
    }
    this.#context.onTurnEnd();
  }

  #planReport(): void {
    if (this.#isReportPlanned || this.#context.isClosed) return;
    this.#isReportPlanned = true;
    this.#context.timers.defer(() => this.#report());
  }

  #report(): void {
    this.#isReportPlanned = false;
    if (this.#context.isClosed) return;
    for (const link of [...this.#links.values()]) link.report();
    this.#context.onTurnEnd();
  }
}
