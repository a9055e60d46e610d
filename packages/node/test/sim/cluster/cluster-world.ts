import { HistoryRecorder } from "@leveret/raft/history";
import { Coverage, type Random, SimNet, SimScheduler } from "@leveret/raft/sim";
import type { ClusterRecord, MemberAddress } from "../../../src/cluster/members/cluster-record.ts";
import type { MetadataCommand, MetadataResult } from "../../../src/metadata/commands.ts";
import { type BrokerLife, type LifeWatcher, raftAddress, VHOST } from "./broker-life.ts";
import { BrokerMachine } from "./broker-machine.ts";
import type { ClientWorld, DeliveryNote } from "./cluster-clients.ts";
import type { ClusterSwarm } from "./cluster-swarm.ts";
import { Exclusivity } from "./exclusivity.ts";
import { mirrorPolicy, QUEUES, recordOf } from "./queue-specs.ts";

/** Called with each thing that happens, if a trace is wanted. */
export type ClusterTrace = (timeMs: number, nodeId: number, what: string) => void;

const RETRY_MS = 200;

/** A simulated cluster of whole brokers, and all that is known of it. */
export class ClusterWorld implements ClientWorld, LifeWatcher {
  readonly swarm: ClusterSwarm;
  readonly random: Random;
  readonly scheduler: SimScheduler;
  readonly net: SimNet;
  /** By node id. */
  readonly machines: Map<number, BrokerMachine> = new Map();
  readonly messages: HistoryRecorder = new HistoryRecorder();
  readonly metadata: HistoryRecorder = new HistoryRecorder();
  readonly coverage: Coverage = new Coverage();
  readonly exclusivity: Exclusivity;
  readonly faults: string[] = [];
  /** When a node crashed, as scheduler time. */
  readonly crashes: number[] = [];
  readonly #trace: ClusterTrace | undefined;
  readonly #forgotten = new Set<number>();
  /** Names of nodes whose admission is not answered yet, with the life that was asked. */
  readonly #joining = new Map<string, BrokerLife>();
  #lastHost = 0;
  #lastProcess = 0;

  constructor(swarm: ClusterSwarm, random: Random, trace: ClusterTrace | undefined) {
    this.swarm = swarm;
    this.random = random;
    this.#trace = trace;
    this.scheduler = new SimScheduler(random.fork());
    this.exclusivity = new Exclusivity(() => this.scheduler.nowMs);
    this.net = new SimNet(this.scheduler, random.fork(), {
      faults: { ...swarm.net },
      watcher: { onNetEvent: (event): void => this.coverage.count(event) },
    });
  }

  get hasFailed(): boolean {
    return this.faults.length > 0;
  }

  nextProcess(): number {
    return ++this.#lastProcess;
  }

  /** Nodes that take clients. */
  serving(): BrokerLife[] {
    return [...this.machines.values()].flatMap(({ serving }) => serving ?? []);
  }

  pickServing(): BrokerLife | undefined {
    const serving = this.serving();
    return serving.length === 0 ? undefined : this.random.pick(serving);
  }

  onServing(life: BrokerLife): void {
    this.coverage.count("served");
    this.onTrace(life.nodeId, () => "serves");
  }

  onFault(what: string): void {
    this.faults.push(`${this.scheduler.nowMs.toFixed(3)} ms: ${what}`);
    this.onTrace(0, () => `FAULT ${what}`);
  }

  onTrace(nodeId: number, what: () => string): void {
    this.#trace?.(this.scheduler.nowMs, nodeId, what());
  }

  isAlone(groupId = -1): boolean {
    let term = 0;
    let voters = 1;
    for (const { life } of this.machines.values()) {
      const status = life?.storage?.node.group(groupId)?.status();
      if (status?.role !== "leader" || status.term < term) continue;
      term = status.term;
      voters = status.conf.voters.length + status.conf.votersOutgoing.length;
    }
    return voters === 1;
  }

  onDelivered(delivery: DeliveryNote, what: string): void {
    this.onTrace(delivery.session.life.nodeId, () => what);
    this.exclusivity.onDelivered(delivery);
  }

  /** Lets so much time pass, unless something fails. */
  advance(ms: number): void {
    const untilMs = this.scheduler.nowMs + ms;
    while (!this.hasFailed && this.scheduler.runNext(untilMs)) {
      // Until the time has come.
    }
    this.scheduler.advanceTo(untilMs);
  }

  /** Waits for it, at most so long; a fault if it does not come. */
  await(what: string, maxMs: number, isReached: () => boolean): void {
    const untilMs = this.scheduler.nowMs + maxMs;
    while (!this.hasFailed && !isReached()) {
      if (this.scheduler.nowMs >= untilMs) this.onFault(`not within ${maxMs} ms: ${what}`);
      else this.advance(50);
    }
  }

  /** The founder, then the others, then what the clients need. */
  setUp(): void {
    this.#found();
    this.await("the founder serves", 30_000, () => this.serving().length === 1);
    while (this.machines.size < this.swarm.nodes && !this.hasFailed) {
      const count = this.machines.size;
      this.join();
      this.await("a node joins", 30_000, () => this.serving().length === count + 1);
    }
    let left = 0;
    const submit = (command: MetadataCommand): void => {
      left++;
      this.submit(command, () => left--);
    };
    for (const [name, definition] of this.#policies()) {
      const applyTo = "queues";
      const pattern = `^${name}$`;
      submit({ type: "setPolicy", vhost: VHOST, name, pattern, applyTo, priority: 1, definition });
    }
    this.await("policies are set", 30_000, () => left === 0);
    for (const spec of QUEUES) {
      left++;
      this.declare(spec.name, () => left--);
    }
    this.await("queues are declared", 30_000, () => left === 0);
  }

  /** Has a member more. */
  join(): void {
    const life = this.pickServing();
    if (life === undefined) return;
    const host = ++this.#lastHost;
    const name = `rabbit@h${host}`;
    const address = raftAddress(host);
    this.#joining.set(name, life);
    life.process.run(() => {
      life.metadata.submit({ type: "addMember", name, address }, () => {
        this.#joining.delete(name);
        const { machine } = life.metadata;
        const member = machine.memberNamed(name);
        // Not known: the member, if there is one, never comes.
        if (member === undefined) return;
        const { nodeId } = member;
        const members = machine.members();
        const running = members.filter((m) => m.state === "running").map((m) => m.nodeId);
        this.#addMachine(host, { nodeId, members, running });
      });
    });
  }

  /** Members that never come, as who had admitted them died: an operator has the cluster forget them. */
  forgetGhosts(): void {
    const members = this.pickServing()?.metadata.machine.members() ?? [];
    for (const { nodeId, name } of members) {
      const isComing = this.#joining.get(name)?.process.isAlive === true;
      if (isComing || this.machines.has(nodeId) || this.#forgotten.has(nodeId)) continue;
      this.#forgotten.add(nodeId);
      this.submit({ type: "removeMember", nodeId }, () => this.coverage.count("ghost-removed"));
    }
  }

  /** Submits it again and again, at one node after the other, until it is done. */
  submit(command: MetadataCommand, done: (result: MetadataResult) => void): void {
    const again = (): void => {
      this.scheduler.after(RETRY_MS, () => this.submit(command, done));
    };
    const life = this.pickServing();
    if (life === undefined) {
      again();
      return;
    }
    let isAnswered = false;
    life.process.run(() => {
      life.metadata.submit(command, (result) => {
        isAnswered = true;
        if (!result.ok && result.reason === "store_unavailable") again();
        else done(result);
      });
    });
    const watch = (): void => {
      if (isAnswered) return;
      if (life.process.isAlive) this.scheduler.after(RETRY_MS, watch);
      else again();
    };
    watch();
  }

  /** As a channel of any node does. */
  declare(name: string, done: (result: MetadataResult) => void): void {
    const spec = QUEUES.find((each) => each.name === name);
    const life = this.pickServing();
    if (spec === undefined || life === undefined) return;
    const record = recordOf(spec, life.nodeId);
    const replicas = life.queues?.placesOf(record);
    this.submit({ type: "declareQueue", queue: { ...record, replicas } }, done);
  }

  kill(machine: BrokerMachine, losesPower: boolean): void {
    if (!machine.isUp) return;
    this.coverage.count(losesPower ? "power-lost" : "killed");
    this.crashes.push(this.scheduler.nowMs);
    machine.kill(losesPower);
  }

  /** Where mirrors of the queue "nodes" are to be. */
  someNames(): string[] {
    const names = [...this.machines.values()].map(({ name }) => name);
    return this.random.shuffle(names).slice(0, this.random.between(1, 3));
  }

  #policies(): [string, NonNullable<ReturnType<typeof mirrorPolicy>>][] {
    const all = mirrorPolicy("all", []);
    const two = mirrorPolicy("exactly", []);
    const nodes = mirrorPolicy("nodes", this.someNames());
    if (all === undefined || two === undefined || nodes === undefined) return [];
    return [
      ["all", all],
      ["single", all],
      ["two", two],
      ["nodes", nodes],
    ];
  }

  #found(): void {
    const host = ++this.#lastHost;
    const self = { nodeId: 1, name: `rabbit@h${host}`, address: raftAddress(host) };
    this.#addMachine(host, { nodeId: 1, members: [self], running: [1] });
  }

  #addMachine(
    host: number,
    known: {
      readonly nodeId: number;
      readonly members: readonly MemberAddress[];
      readonly running: readonly number[];
    },
  ): void {
    const { nodeId, running } = known;
    const members = known.members.map((m) => ({
      nodeId: m.nodeId,
      name: m.name,
      address: m.address,
    }));
    const record: ClusterRecord = {
      clusterId: "sim",
      nodeId,
      generation: 1,
      epoch: 1,
      nodeName: `rabbit@h${host}`,
      members,
      running,
    };
    const { scheduler, net } = this;
    const { disk, limits } = this.swarm;
    const random = this.random.fork();
    const machine = new BrokerMachine(host, record, {
      scheduler,
      net,
      random,
      disk: { ...disk, crash: { ...disk.crash } },
      limits,
      watcher: this,
    });
    this.machines.set(nodeId, machine);
    machine.boot();
  }
}
