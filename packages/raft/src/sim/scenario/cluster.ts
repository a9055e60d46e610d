import { deepStrictEqual } from "node:assert/strict";
import { encodeConfChange } from "../../core/conf-change-codec.ts";
import type { ConfChange } from "../../core/conf-state.ts";
import type { Entry } from "../../core/entry.ts";
import type { IndexRange } from "../../core/hard-state.ts";
import { type ReplicaId, replicaIdOf } from "../../core/ids.ts";
import { MessageType, type RaftMessage } from "../../core/message.ts";
import type { ProgressState } from "../../core/progress.ts";
import type { Ready } from "../../core/ready.ts";
import { confText, type Facts, factsOf } from "./facts.ts";
import { Ledger } from "./ledger.ts";
import { type FlightFilter, type MessageName, Network } from "./network.ts";
import { parseChange } from "./parse-change.ts";
import { bytesOf, type RecordedState } from "./recorder.ts";
import { Replica, type ReplicaObserver } from "./replica.ts";
import {
  blankImage,
  type ClusterOptions,
  configFor,
  ELECTION_TICKS,
  EPOCH,
  GROUP_ID,
  memberImage,
} from "./start.ts";

/** As {@link FlightFilter}, with nodes. */
export interface NodeFilter extends Omit<FlightFilter, "from" | "to"> {
  readonly from?: number;
  readonly to?: number;
}

/** A message made by hand; what is left out is 0, false or empty. */
export interface HandMade extends Partial<Omit<RaftMessage, "type" | "from" | "to">> {
  /** Node of the sender. */
  readonly from: number;
  readonly to: number;
  readonly term: number;
}

/** What a leader knows of a member. */
export interface ProgressFacts {
  readonly state: ProgressState;
  readonly match: number;
  readonly next: number;
  /** Messages with entries on the way. */
  readonly inflight: number;
}

/** More rounds than any scenario needs to come to rest. */
const ROUNDS_MAX = 500;

/**
 * Replicas of one group, of which each acts only when told to: Ready, disk, applying and network are separate. Whatever the
 * scenario does, each step is checked by a {@link Ledger}. Nodes are small numbers.
 */
export class Cluster {
  readonly network: Network = new Network();
  readonly ledger: Ledger;
  readonly #options: ClusterOptions;
  readonly #replicas = new Map<ReplicaId, Replica>();
  /** The present replica of each node. */
  readonly #current = new Map<number, ReplicaId>();
  readonly #pretended = new Map<string, boolean>();
  readonly #observer: ReplicaObserver;
  /** Ends of a link that no longer exists drop what is in flight (the transport's life check). */
  forgetsFlightsOfFormerLives = true;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.ledger = new Ledger(this.#replicas, {
      appliesBeforeDurable: options.config?.appliesBeforeDurable ?? false,
    });
    this.#observer = {
      onSend: (replica, message) => this.#send(replica, message, undefined),
      onReady: (replica, ready) => this.#onReady(replica, ready),
      onApply: (replica, entry) => this.ledger.onApply(replica, entry),
      onStep: (replica) => this.ledger.afterStep(replica),
    };
    for (const node of [...(options.voters ?? []), ...(options.learners ?? [])]) {
      const image = memberImage(options, node);
      this.ledger.seed(image);
      this.#add(node, 1, image);
    }
    for (const node of options.spares ?? []) this.addBlank(node);
  }

  // Nodes

  /** Gives a node a new replica, of the next generation, that waits to be added. */
  addBlank(node: number): void {
    const former = this.#current.get(node);
    if (former !== undefined && this.#replicas.get(former)?.isUp) this.crash(node);
    this.#add(node, former === undefined ? 1 : (former & 0xffff) + 1, blankImage());
  }

  #add(node: number, generation: number, image: Replica["log"]["durable"]): void {
    const id = replicaIdOf(node, generation);
    const replica = new Replica(
      id,
      image,
      (boot) => configFor(id, boot, (other) => this.#isAlive(id, other), this.#options),
      this.#observer,
    );
    this.#replicas.set(id, replica);
    this.#current.set(node, id);
    replica.start();
  }

  /** All nodes, ascending. */
  get nodes(): number[] {
    return [...this.#current.keys()].sort((a, b) => a - b);
  }

  id(node: number): ReplicaId {
    const id = this.#current.get(node);
    if (id === undefined) throw new Error(`no node ${node}`);
    return id;
  }

  replica(node: number): Replica {
    return this.#get(this.id(node));
  }

  #get(id: ReplicaId): Replica {
    const replica = this.#replicas.get(id);
    if (replica === undefined) throw new Error(`no replica ${id}`);
    return replica;
  }

  #isAlive(self: ReplicaId, other: ReplicaId): boolean {
    const pretended = this.#pretended.get(`${self}>${other}`);
    if (pretended !== undefined) return pretended;
    const isUp = this.#replicas.get(other)?.isUp ?? false;
    return isUp && !this.network.isCut(self, other) && !this.network.isCut(other, self);
  }

  /** What a node believes about the liveness of another from now on. */
  pretendAlive(node: number, other: number, isAlive: boolean): void {
    this.#pretended.set(`${this.id(node)}>${this.id(other)}`, isAlive);
  }

  // Inputs of a core

  tick(node: number, count = 1): void {
    for (let done = 0; done < count; done++) this.replica(node).call((core) => core.tick());
  }

  /** Lets exactly one election timeout of a follower pass. */
  timeout(node: number): void {
    this.tick(node, 2 * ELECTION_TICKS - 1);
  }

  campaign(node: number): void {
    this.replica(node).call((core) => core.campaign());
  }

  /** Proposes a command. @throws AssertionError unless it is taken */
  propose(node: number, command: string): void {
    deepStrictEqual(this.tryPropose(node, command), "");
  }

  /** Proposes a command; returns why it was refused, or "". */
  tryPropose(node: number, command: string): string {
    const result = this.replica(node).call((core) => core.propose(bytesOf(command)));
    return result.ok ? "" : result.why;
  }

  /** Proposes a change of members. @throws AssertionError unless it is taken */
  change(node: number, steps: string, transition: ConfChange["transition"] = "auto"): void {
    deepStrictEqual(this.tryChange(node, steps, transition), "");
  }

  /** `steps` as in "v4 l5 r1": voter, learner, remove. Returns why it was refused, or "". */
  tryChange(node: number, steps: string, transition: ConfChange["transition"] = "auto"): string {
    const change = parseChange(steps, transition, (member) => this.id(member));
    const result = this.replica(node).call((core) => core.proposeConfChange(change));
    return result.ok ? "" : result.why;
  }

  /** Asks for a transfer; returns whether it began. */
  transfer(from: number, to: number): boolean {
    return this.replica(from).call((core) => core.transferLeader(this.id(to)));
  }

  readIndex(node: number, context: number): boolean {
    return this.replica(node).call((core) => core.readIndex(context));
  }

  forgetLeader(node: number): void {
    this.replica(node).call((core) => core.forgetLeader());
  }

  reportUnreachable(node: number, about: number): void {
    this.replica(node).call((core) => core.reportUnreachable(this.id(about)));
  }

  reportSnapshot(node: number, about: number, isOk: boolean): void {
    this.replica(node).call((core) => core.reportSnapshot(this.id(about), isOk));
  }

  peerRestarted(node: number, about: number): void {
    this.replica(node).call((core) => core.peerRestarted(this.id(about)));
  }

  // Storage

  /** Takes a snapshot of all that is applied and forgets entries up to `compactTo`, by default all of them. */
  compact(node: number, compactTo: number = this.replica(node).state.index): void {
    this.replica(node).compact(compactTo);
  }

  /** Sends a leader's newest snapshot without being asked. */
  sendSnapshot(from: number, to: number): void {
    const { message, state } = this.replica(from).snapshotFor(this.id(to));
    this.#send(this.replica(from), message, state);
  }

  /** The process of a node dies; of its waiting writes the first `reached` are durable nevertheless. */
  crash(node: number, reached = 0): void {
    this.replica(node).crash(reached);
    this.#cutLife(node);
  }

  /** Starts a node again from its disk; its peers notice if `noticed`. */
  restart(node: number, noticed = true): void {
    this.replica(node).start();
    if (!noticed) return;
    for (const other of this.nodes) {
      if (other !== node && this.replica(other).isUp) this.peerRestarted(other, node);
    }
  }

  /** Damages entries on the disk of a node that is down. */
  damage(node: number, range: IndexRange, snapshot = false): void {
    if (this.replica(node).isUp) throw new Error("damage of a running node is found by reading");
    this.replica(node).log.damage(range, snapshot);
  }

  /** A running node finds damage when it reads. */
  findDamage(node: number, range: IndexRange): void {
    this.replica(node).log.damage(range, false);
    this.replica(node).call((core) => core.reportDamage(range));
  }

  #cutLife(node: number): void {
    if (!this.forgetsFlightsOfFormerLives) return;
    this.network.take({ from: this.id(node) });
    this.network.take({ to: this.id(node) });
  }

  // Threads

  /** Takes all Readys of the nodes. */
  ready(...nodes: readonly number[]): boolean {
    return this.#each(nodes, (replica) => replica.processReady());
  }

  /** All waiting writes of the nodes become durable. */
  appends(...nodes: readonly number[]): boolean {
    return this.#each(nodes, (replica) => replica.processAppend());
  }

  /** The oldest waiting write of a node becomes durable. */
  appendOne(node: number): boolean {
    return this.replica(node).processAppend();
  }

  /** Applies all that was given out to the nodes. */
  applies(...nodes: readonly number[]): boolean {
    return this.#each(nodes, (replica) => replica.processApply());
  }

  fetches(...nodes: readonly number[]): boolean {
    return this.#each(nodes, (replica) => replica.processFetch());
  }

  /** Sends the snapshots that the nodes' cores asked for. */
  snapshots(...nodes: readonly number[]): boolean {
    return this.#each(nodes, (replica) => {
      const request = replica.snapshotRequests.shift();
      if (request === undefined) return false;
      if (replica.log.snapshotIndex < request.atLeast) replica.compact(replica.log.compactedIndex);
      const { message, state } = replica.snapshotFor(request.to);
      this.#send(replica, message, state);
      return true;
    });
  }

  #each(nodes: readonly number[], step: (replica: Replica) => boolean): boolean {
    let isDone = false;
    for (const node of nodes) {
      for (let count = 0; count < ROUNDS_MAX; count++) {
        if (!this.replica(node).isUp || !step(this.replica(node))) break;
        isDone = true;
      }
    }
    return isDone;
  }

  /** Lets the nodes (default: all) do everything they can among themselves. Messages to others stay in flight. */
  stabilize(...nodes: readonly number[]): void {
    const group = nodes.length === 0 ? this.nodes : nodes;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      let isBusy = this.ready(...group);
      for (const node of group) isBusy = this.deliver({ to: node }) > 0 || isBusy;
      isBusy = this.fetches(...group) || isBusy;
      isBusy = this.appends(...group) || isBusy;
      isBusy = this.applies(...group) || isBusy;
      isBusy = this.snapshots(...group) || isBusy;
      if (!isBusy) return;
    }
    throw new Error("the cluster does not come to rest");
  }

  // Network

  #filter(filter: NodeFilter): FlightFilter {
    const { from, to, ...rest } = filter;
    return {
      ...rest,
      ...(from === undefined ? {} : { from: this.id(from) }),
      ...(to === undefined ? {} : { to: this.id(to) }),
    };
  }

  /** Delivers what is in flight now and matches, oldest first; returns how many. Those to nodes that are down are lost. */
  deliver(filter: NodeFilter): number {
    const flights = this.network.take(this.#filter(filter));
    for (const { message, state } of flights) this.#receive(message, state);
    return flights.length;
  }

  /** Delivers what matches and keeps a copy in flight. */
  deliverCopy(filter: NodeFilter): number {
    const flights = this.network.matching(this.#filter(filter));
    for (const { message, state } of flights) this.#receive(message, state);
    return flights.length;
  }

  #receive(message: RaftMessage, state: RecordedState | undefined): void {
    const replica = this.#replicas.get(message.to);
    if (replica?.isUp) replica.receive(message, state);
  }

  /** Loses what is in flight and matches; returns how many. */
  drop(filter: NodeFilter): number {
    return this.network.take(this.#filter(filter)).length;
  }

  /** Messages in flight that match. */
  flights(filter: NodeFilter): readonly RaftMessage[] {
    return this.network.matching(this.#filter(filter)).map((flight) => flight.message);
  }

  /** Campaigns and lets the nodes (default: all) finish the election. */
  elect(node: number, ...nodes: readonly number[]): void {
    this.campaign(node);
    this.stabilize(...nodes);
    this.expect(node, { role: "leader" });
  }

  /** A heartbeat interval passes at a leader; the nodes (default: all) do what follows. */
  beat(leader: number, ...nodes: readonly number[]): void {
    this.tick(leader);
    this.stabilize(...nodes);
  }

  /** The oldest message in flight that matches. @throws Error if there is none */
  first(filter: NodeFilter): RaftMessage {
    const [message] = this.flights(filter);
    if (message === undefined)
      throw new Error(`no such message in flight: ${JSON.stringify(filter)}`);
    return message;
  }

  /** Cuts both directions between a node and the others given (default: all). */
  isolate(node: number, others: readonly number[] = this.nodes): void {
    for (const other of others) {
      if (other === node) continue;
      this.network.cut(this.id(node), this.id(other));
      this.network.cut(this.id(other), this.id(node));
    }
  }

  /** Restores all links. */
  heal(): void {
    for (const a of this.nodes) {
      for (const b of this.nodes) this.network.restore(this.id(a), this.id(b));
    }
  }

  /** A message arrives that nobody here sent; `fromId` if its sender is none of the present replicas. */
  inject(type: MessageName, fields: HandMade, fromId: ReplicaId = this.id(fields.from)): void {
    this.#receive({ ...this.handMade(type, fields), from: fromId }, undefined);
  }

  handMade(type: MessageName, fields: HandMade): RaftMessage {
    return {
      groupId: GROUP_ID,
      epoch: EPOCH,
      index: 0,
      logTerm: 0,
      commit: 0,
      hint: 0,
      context: 0,
      reject: false,
      entries: [],
      snapshot: undefined,
      ...fields,
      type: MessageType[type],
      from: this.id(fields.from),
      to: this.id(fields.to),
    };
  }

  #send(replica: Replica, message: RaftMessage, state: RecordedState | undefined): void {
    this.ledger.onSend(replica, message);
    this.network.send({ message, state });
  }

  #onReady(replica: Replica, ready: Ready): void {
    const entries: readonly Entry[] = ready.append?.entries ?? [];
    this.ledger.onWrite(replica, entries);
  }

  // Checks

  facts(node: number): Facts {
    return factsOf(this.replica(node));
  }

  /** Compares the facts given. @throws AssertionError */
  expect(node: number, expected: Partial<Facts>): void {
    const facts = this.facts(node);
    const actual: Record<string, unknown> = {};
    for (const key of Object.keys(expected)) actual[key] = facts[key as keyof Facts];
    deepStrictEqual({ node, ...actual }, { node, ...expected });
  }

  /** As {@link expect}, for several nodes. */
  expectAll(nodes: readonly number[], expected: Partial<Facts>): void {
    for (const node of nodes) this.expect(node, expected);
  }

  /** What a leader knows about the replica of another node. */
  progress(leader: number, about: number): ProgressFacts {
    const progress = this.replica(leader).core.progress(this.id(about));
    if (progress === undefined) throw new Error(`node ${leader} does not track node ${about}`);
    const { state, match, next, inflights } = progress;
    return { state, match, next, inflight: inflights.count };
  }

  /** Entries of a node's log. */
  entries(node: number, from: number, to: number): readonly Entry[] {
    const result = this.replica(node).log.read(from, to, Number.MAX_SAFE_INTEGER);
    if (typeof result === "string") throw new Error(`entries of node ${node} are ${result}`);
    return result;
  }

  /** Payload of an entry that changes members. */
  encodedChange(steps: string, transition: ConfChange["transition"]): Uint8Array {
    return encodeConfChange(parseChange(steps, transition, (member) => this.id(member)));
  }

  /** Members as {@link confText} of the snapshot on a node's disk. */
  snapshotConf(node: number): string {
    return confText(this.replica(node).log.durable.snapshot.meta.conf);
  }
}
