import type { Clock, Timer, Timers } from "@leveret/raft";
import { describe, expect, test } from "vitest";
import { QueuePlacer } from "../../../src/cluster/placement/queue-placer.ts";
import { PLACEMENTS_AT_ONCE, REPLICA_REPLACE_AFTER_MS } from "../../../src/limits.ts";
import type { MetadataCommand, MetadataResult } from "../../../src/metadata/commands.ts";
import type { JsonValue } from "../../../src/metadata/json-value.ts";
import { MetadataMachine } from "../../../src/metadata/metadata-machine.ts";
import { replicasOf } from "../../../src/metadata/queue-replicas.ts";
import type { QueueRecord } from "../../../src/metadata/records.ts";

/** Time that stands still until it is told to go on; what is deferred runs one call after the other. */
class StepTime implements Clock, Timers {
  nowMs = 0;
  /** How much time each look at the clock takes. */
  lookMs = 0;
  #deferred: (() => void)[] = [];
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  wallMs(): number {
    return this.nowMs;
  }

  monotonicMs(): number {
    this.nowMs += this.lookMs;
    return this.nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = { atMs: this.nowMs + delayMs, callback };
    this.#timers.push(timer);
    return {
      cancel: (): void => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  /** Runs what is deferred now. false: nothing was. */
  turn(): boolean {
    const calls = this.#deferred;
    this.#deferred = [];
    for (const call of calls) call();
    return calls.length > 0;
  }

  advance(ms: number): void {
    this.nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.nowMs);
    for (const { callback } of due) callback();
  }
}

/** Metadata in memory, a placer that leads them, and a time to step through. */
class Rig {
  readonly time = new StepTime();
  readonly machine: MetadataMachine;
  readonly placer: QueuePlacer;
  readonly submitted: MetadataCommand[] = [];
  readonly leaders = new Map<string, number | undefined>();
  readonly downMs = new Map<number, number>();
  /** Answers wait here while it is defined. */
  held: (() => void)[] | undefined;
  refusal: MetadataResult | undefined;

  constructor(...nodes: number[]) {
    this.machine = new MetadataMachine((event) => this.placer.onEvent(event), 16);
    this.placer = new QueuePlacer({
      metadata: {
        machine: this.machine,
        submit: (command, done) => this.#submit(command, done),
      },
      clock: this.time,
      timers: this.time,
      leaderOf: (queue) =>
        this.leaders.has(queue.name) ? this.leaders.get(queue.name) : this.nodesOf(queue.name)[0],
      downForMs: (nodeId) => this.downMs.get(nodeId) ?? 0,
    });
    this.machine.apply({ type: "addVhost", name: "/" });
    for (const nodeId of nodes) this.join(nodeId);
  }

  join(nodeId: number): void {
    const [name, address] = [`rabbit@n${nodeId}`, `n${nodeId}:1`];
    this.machine.apply({ type: "memberStarted", nodeId, name, address });
  }

  #submit(command: MetadataCommand, done: (result: MetadataResult) => void): void {
    this.submitted.push(command);
    const answer = (): void => done(this.refusal ?? this.machine.apply(command));
    if (this.held === undefined) answer();
    else this.held.push(answer);
  }

  declare(name: string, nodes: readonly number[], change: Partial<QueueRecord> = {}): void {
    const queue: QueueRecord = {
      vhost: "/",
      name,
      type: "classic",
      durable: true,
      autoDelete: false,
      exclusiveOwner: undefined,
      arguments: new Map(),
      home: nodes[0],
      replicas: nodes.map((nodeId) => ({ nodeId, generation: 1 })),
      ...change,
    };
    this.machine.apply({ type: "declareQueue", queue });
  }

  policy(definition: Readonly<Record<string, JsonValue>>): void {
    this.machine.apply({
      type: "setPolicy",
      vhost: "/",
      name: "p",
      pattern: "",
      applyTo: "queues",
      priority: 0,
      definition: new Map(Object.entries(definition)),
    });
  }

  queue(name: string): QueueRecord {
    const queue = this.machine.queue("/", name);
    if (queue === undefined) throw new Error(`no queue ${name}`);
    return queue;
  }

  nodesOf(name: string): number[] {
    return replicasOf(this.queue(name)).map(({ nodeId }) => nodeId);
  }

  settle(): void {
    while (this.time.turn());
  }
}

const ALL = { "ha-mode": "all", "ha-sync-mode": "automatic" };

describe("the placer of queues", () => {
  test("follows policies as they are set and cleared", () => {
    const rig = new Rig(1, 2, 3);
    rig.placer.start();
    rig.declare("q", [2]);
    rig.settle();
    rig.policy(ALL);
    rig.settle();
    expect(rig.nodesOf("q").sort()).toEqual([1, 2, 3]);
    rig.leaders.set("q", 3);
    rig.machine.apply({ type: "clearPolicy", vhost: "/", name: "p" });
    rig.settle();
    expect(rig.nodesOf("q")).toEqual([3]);
    expect(rig.submitted.length).toBe(2);
  });

  test("follows nodes that join, are removed, or stay away for too long", () => {
    const rig = new Rig(1, 2);
    rig.policy(ALL);
    rig.declare("q", [1, 2]);
    rig.placer.start();
    rig.settle();
    rig.join(3);
    rig.settle();
    expect(rig.nodesOf("q")).toEqual([1, 2, 3]);
    rig.machine.apply({ type: "removeMember", nodeId: 2 });
    rig.settle();
    expect(rig.nodesOf("q")).toEqual([1, 3]);
    rig.policy({ ...ALL, "ha-mode": "exactly", "ha-params": 2 });
    rig.join(4);
    rig.downMs.set(3, REPLICA_REPLACE_AFTER_MS - 1);
    rig.placer.onPeerChange();
    rig.settle();
    expect(rig.nodesOf("q")).toEqual([1, 3]);
    rig.downMs.set(3, REPLICA_REPLACE_AFTER_MS);
    rig.time.advance(60_000);
    rig.settle();
    expect(rig.nodesOf("q")).toEqual([1, 4]);
  });

  test("finds what it missed when it starts, a few at a time, and does nothing twice", () => {
    const rig = new Rig(1, 2, 3);
    for (let at = 0; at < 1000; at++) rig.declare(`q${at}`, [1]);
    rig.policy(ALL);
    rig.held = [];
    rig.placer.start();
    rig.settle();
    expect(rig.submitted.length).toBe(PLACEMENTS_AT_ONCE);
    while (rig.held.length > 0) {
      for (const answer of rig.held.splice(0)) answer();
      rig.settle();
      expect(rig.held.length).toBeLessThanOrEqual(PLACEMENTS_AT_ONCE);
    }
    expect(rig.submitted.length).toBe(1000);
    rig.placer.stop();
    rig.placer.start();
    rig.settle();
    expect(rig.submitted.length).toBe(1000);
  });

  test("gives way to other work every few milliseconds", () => {
    const rig = new Rig(1, 2, 3);
    for (let at = 0; at < 100; at++) rig.declare(`q${at}`, [1]);
    rig.time.lookMs = 1;
    rig.placer.start();
    let turns = 0;
    while (rig.time.turn()) turns++;
    expect(turns).toBeGreaterThan(20);
  });

  test("spreads what ha-mode exactly asks for evenly", () => {
    const rig = new Rig(1, 2, 3, 4, 5);
    for (let at = 0; at < 200; at++) rig.declare(`q${at}`, [1 + (at % 5)]);
    rig.policy({ "ha-mode": "exactly", "ha-params": 2, "ha-sync-mode": "automatic" });
    rig.placer.start();
    rig.settle();
    const counts = new Map<number, number>();
    for (let at = 0; at < 200; at++) {
      for (const nodeId of rig.nodesOf(`q${at}`)) {
        counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
      }
    }
    for (const count of counts.values()) expect(count).toBeLessThanOrEqual(101);
    expect([...counts.values()].reduce((sum, count) => sum + count)).toBe(400);
  });

  test("holds mirrors back until sync_queue if they are to be synchronised by hand", () => {
    const rig = new Rig(1, 2);
    rig.placer.start();
    rig.declare("q", [1]);
    rig.policy({ "ha-mode": "all" });
    rig.settle();
    expect(rig.submitted).toEqual([]);
    expect(rig.placer.unsyncedOf(rig.queue("q"))).toEqual([2]);
    const replicas = rig.placer.synchronisedPlaces(rig.queue("q"));
    expect(replicas).toEqual([1, 2]);
    rig.machine.apply({ type: "placeQueue", vhost: "/", name: "q", replicas });
    rig.settle();
    expect(rig.nodesOf("q")).toEqual([1, 2]);
    expect(rig.placer.unsyncedOf(rig.queue("q"))).toEqual([]);
  });

  test("takes nothing away before it knows who leads", () => {
    const rig = new Rig(1, 2);
    rig.declare("q", [1, 2]);
    rig.leaders.set("q", undefined);
    rig.placer.start();
    rig.settle();
    expect(rig.submitted).toEqual([]);
    rig.leaders.set("q", 2);
    rig.time.advance(1000);
    rig.settle();
    expect(rig.nodesOf("q")).toEqual([2]);
  });

  test("tries again what was refused, and leaves queues in memory alone", () => {
    const rig = new Rig(1, 2);
    rig.policy(ALL);
    rig.declare("memory", [1], { durable: false });
    rig.declare("q", [1]);
    rig.refusal = { ok: false, reason: "store_unavailable", text: "no majority" };
    rig.placer.start();
    rig.settle();
    expect(rig.submitted.length).toBe(1);
    rig.refusal = undefined;
    rig.time.advance(1000);
    rig.settle();
    expect(rig.nodesOf("q")).toEqual([1, 2]);
    expect(rig.submitted.length).toBe(2);
  });
});
