import { replicaIdOf } from "../../src/core/ids.ts";
import { MessageType, type RaftMessage } from "../../src/core/message.ts";
import { DEFAULT_LIMITS, type RaftLimits } from "../../src/limits.ts";
import { Random } from "../../src/sim/random.ts";
import type { NetFaults } from "../../src/sim/sim-connection.ts";
import { CALM_NET, SimNet } from "../../src/sim/sim-net.ts";
import { SimProcess } from "../../src/sim/sim-process.ts";
import { SimScheduler } from "../../src/sim/sim-scheduler.ts";
import { LinkTransport } from "../../src/transport/link-transport.ts";
import type { TransportListener } from "../../src/transport/transport.ts";

export interface TestNodeOptions {
  readonly incarnation?: number;
  readonly clusterId?: string;
  readonly limits?: Partial<RaftLimits>;
  readonly address?: string;
  readonly seed?: number;
  readonly listens?: boolean;
  peerAddress?(nodeId: number): string | undefined;
}

/** One life of a node with nothing but a transport; notes down what its listener is told. */
export class TestNode implements TransportListener {
  readonly nodeId: number;
  readonly process: SimProcess;
  readonly transport: LinkTransport;
  /** "up 2@7", "suspect 2", "down 2", "dropped 2", "drain 2 append", in order. */
  readonly events: string[] = [];
  readonly messages: { readonly from: number; readonly message: RaftMessage }[] = [];
  readonly notes: { from: number; lane: string; kind: number; body: Uint8Array }[] = [];
  readonly refusals: string[] = [];
  turns = 0;
  onMessageHook: ((message: RaftMessage) => void) | undefined;

  constructor(cluster: LinkCluster, nodeId: number, options: TestNodeOptions) {
    this.nodeId = nodeId;
    this.process = new SimProcess(
      cluster.scheduler,
      cluster.random.fork(),
      { wallSkewMs: 0, driftPpm: 0 },
      (error) => {
        throw error;
      },
    );
    this.transport = new LinkTransport(
      {
        nodeId,
        clusterId: options.clusterId ?? "test",
        incarnation: options.incarnation ?? 1,
        listenAddress:
          options.listens === false ? undefined : (options.address ?? addressOf(nodeId)),
        peerAddress: options.peerAddress?.bind(options) ?? addressOf,
        limits: { ...DEFAULT_LIMITS, ...cluster.limits, ...options.limits },
        seed: options.seed ?? this.process.seed,
      },
      {
        clock: this.process,
        timers: this.process,
        net: cluster.net.attach(this.process, nodeId),
      },
      this,
    );
    this.transport.start((error) => {
      if (error !== undefined) throw error;
    });
  }

  onMessage(from: number, message: RaftMessage): void {
    this.messages.push({ from, message });
    this.onMessageHook?.(message);
  }

  onNote(from: number, lane: "control" | "bulk", kind: number, body: Uint8Array): void {
    this.notes.push({ from, lane, kind, body });
  }

  onTurnEnd(): void {
    this.turns++;
  }

  onPeerUp(peer: number, incarnation: number): void {
    this.events.push(`up ${peer}@${incarnation}`);
  }

  onPeerSuspect(peer: number): void {
    this.events.push(`suspect ${peer}`);
  }

  onPeerDown(peer: number): void {
    this.events.push(`down ${peer}`);
  }

  onDropped(peer: number): void {
    this.events.push(`dropped ${peer}`);
  }

  onDrain(peer: number, lane: "append" | "bulk"): void {
    this.events.push(`drain ${peer} ${lane}`);
  }

  onRefused(_peer: number | undefined, reason: string): void {
    this.refusals.push(reason);
  }

  /** The events told so far, which are forgotten. */
  takeEvents(): string[] {
    return this.events.splice(0);
  }

  statistics(peer: number): ReturnType<LinkTransport["statistics"]>[number] {
    const found = this.transport.statistics().find((link) => link.peer === peer);
    if (found === undefined) throw new Error(`no link from ${this.nodeId} to ${peer}`);
    return found;
  }
}

/** Transports of several nodes in virtual time. */
export class LinkCluster {
  readonly random: Random;
  readonly scheduler: SimScheduler;
  readonly net: SimNet;
  readonly faults: NetFaults = { ...CALM_NET };
  readonly limits: Partial<RaftLimits>;

  constructor(seed: number, limits: Partial<RaftLimits> = {}) {
    this.random = new Random(seed);
    this.limits = limits;
    this.scheduler = new SimScheduler(this.random.fork());
    this.net = new SimNet(this.scheduler, this.random.fork(), {
      faults: this.faults,
      watcher: { onNetEvent: (): void => {} },
    });
  }

  start(nodeId: number, options: TestNodeOptions = {}): TestNode {
    return new TestNode(this, nodeId, options);
  }

  /** Two nodes, 1 and 2, that are connected. */
  pair(options: TestNodeOptions = {}): { readonly a: TestNode; readonly b: TestNode } {
    const a = this.start(1, options);
    const b = this.start(2, options);
    a.transport.addPeer(2);
    b.transport.addPeer(1);
    this.run(1000);
    a.takeEvents();
    b.takeEvents();
    return { a, b };
  }

  /** The process ends; with it goes its machine if `withMachine`, so that nobody hears of it. */
  kill(node: TestNode, withMachine = false): void {
    this.net.kill(node.process, !withMachine);
    node.process.kill();
  }

  run(ms: number): void {
    const untilMs = this.scheduler.nowMs + ms;
    while (this.scheduler.runNext(untilMs)) {
      // Each call is an event of the simulation.
    }
    this.scheduler.advanceTo(untilMs);
  }

  cut(from: number, to: number): void {
    this.net.setBlocked(from, to, true);
  }

  cutBoth(a: number, b: number): void {
    this.cut(a, b);
    this.cut(b, a);
  }
}

export function addressOf(nodeId: number): string {
  return `node-${nodeId}:7000`;
}

/** A message of node `from` to node `to`; `over` replaces fields. */
export function messageOf(from: number, to: number, over: Partial<RaftMessage> = {}): RaftMessage {
  return {
    type: MessageType.Heartbeat,
    groupId: 9,
    epoch: 0,
    from: replicaIdOf(from, 1),
    to: replicaIdOf(to, 1),
    term: 3,
    index: 0,
    logTerm: 0,
    commit: 0,
    hint: 0,
    context: 0,
    reject: false,
    entries: [],
    snapshot: undefined,
    ...over,
  };
}
