import type { Entry, ProposalResult, RaftGroup, Timers } from "@leveret/raft";
import { describe, expect, test } from "vitest";
import { METADATA_RETRY_COUNT_MAX } from "../../src/limits.ts";
import type { MetadataCommand, MetadataResult } from "../../src/metadata/commands.ts";
import type { MetadataEvent } from "../../src/metadata/events.ts";
import { NO_LINK } from "../../src/metadata/metadata-link.ts";
import { MetadataStateMachine } from "../../src/metadata/metadata-state-machine.ts";
import { ReplicatedMetadata } from "../../src/metadata/replicated-metadata.ts";
import { recordingLogger } from "../alarm/recording-logger.ts";
import { bind, brief, declareExchange, declareQueue } from "./metadata-commands.ts";
import { SimulatedNode } from "./simulated-node.ts";

function queue(name: string, change: object = {}): MetadataCommand {
  const command = declareQueue(name);
  return command.type === "declareQueue"
    ? { ...command, queue: { ...command.queue, ...change } }
    : command;
}

const TRANSIENT = { durable: false };
const OK = { ok: true, changed: true };

function startedNode(seed = 1): SimulatedNode {
  const node = new SimulatedNode(seed);
  node.start();
  expect(node.mustApply({ type: "addVhost", name: "/" })).toEqual(OK);
  return node;
}

describe("metadata in a log", () => {
  test("a durable queue is seen when it is applied, and answered when the disk has it", () => {
    const node = startedNode();
    const answer = node.submit(declareQueue("q"));
    expect(answer.result).toBeUndefined();
    node.runUntil(() => node.metadata.machine.queue("/", "q") !== undefined);
    expect(answer.result).toBeUndefined();
    const { lastIndex } = node.group.status();
    node.runUntil(() => answer.result !== undefined);
    expect(answer.result).toEqual(OK);
    expect(node.group.status().durableIndex).toBeGreaterThanOrEqual(lastIndex);
    node.crash();
    node.start();
    expect(node.metadata.machine.queue("/", "q")).toMatchObject({ groupId: 16 });
  });

  test.each<[string, MetadataCommand[], MetadataCommand]>([
    ["a transient queue", [], queue("t", TRANSIENT)],
    ["an exclusive queue", [], queue("t", { exclusiveOwner: 1 })],
    ["the end of an exclusive queue", [queue("t", { exclusiveOwner: 1 })], deletion("t")],
    ["a binding to one", [declareExchange("x"), queue("t", TRANSIENT)], bind("x", "q:t")],
  ])("%s is answered before the disk has it", (_what, before, command) => {
    const node = startedNode();
    for (const one of before) node.mustApply(one);
    const answer = node.submit(command);
    expect(answer.result).toBeUndefined();
    node.runUntil(() => answer.result !== undefined);
    const { lastIndex, durableIndex } = node.group.status();
    expect(answer.result).toEqual(OK);
    expect(durableIndex).toBeLessThan(lastIndex);
  });

  test("whoever rests on another's change waits for the disk, too", () => {
    const node = startedNode();
    const told: unknown[] = [];
    node.run(() => node.metadata.whenStored((failure) => told.push(["at once", failure])));
    expect(told).toEqual([["at once", undefined]]);
    const answer = node.submit(declareQueue("q"), "applied");
    node.runUntil(() => answer.result !== undefined);
    node.run(() => node.metadata.whenStored((failure) => told.push(["later", failure])));
    expect(told).toHaveLength(1);
    node.runUntil(() => told.length === 2);
    const { lastIndex, durableIndex } = node.group.status();
    expect([told[1], durableIndex]).toEqual([["later", undefined], lastIndex]);
  });

  test("what was answered is there after a crash, in its order, and nothing else but what was asked for", () => {
    for (let seed = 1; seed <= 12; seed++) {
      const node = startedNode(seed);
      const answers: { result: MetadataResult | undefined }[] = [];
      const steps = 20 + seed * 17;
      for (let step = 0; step < steps; step++) {
        if (step % 3 === 0) answers.push(node.submit(declareQueue(`q${answers.length}`)));
        node.step();
      }
      const answered = answers.filter(({ result }) => result !== undefined).length;
      node.crash();
      node.start();
      const names = [...(node.metadata.machine.vhost("/")?.queues.keys() ?? [])];
      expect(names, `seed ${seed}`).toEqual(
        answers.slice(0, names.length).map((_, at) => `q${at}`),
      );
      expect(names.length, `seed ${seed}`).toBeGreaterThanOrEqual(answered);
    }
  });

  test("a start from a snapshot and the log behind it gives the same state", () => {
    const node = new SimulatedNode(3, { snapshotReclaimBytes: 2000 });
    node.start();
    node.mustApply({ type: "addVhost", name: "/" });
    for (let at = 0; at < 60; at++) node.mustApply(declareQueue(`q${at}`));
    for (let at = 0; at < 20; at++) node.mustApply(deletion(`q${at}`));
    expect(node.group.status().snapshotIndex).toBeGreaterThan(20);
    const before = node.digest;
    node.crash();
    node.start();
    expect(node.digest).toBe(before);
    node.mustApply(declareQueue("new"));
    expect(node.metadata.machine.queue("/", "new")?.groupId).toBe(16 + 60);
  });

  test("a start drops what is transient, and tells of nothing", () => {
    const node = startedNode();
    const before: MetadataEvent[] = [];
    node.metadata.tellEvents((event) => before.push(event));
    for (const command of [
      declareExchange("x"),
      queue("t", TRANSIENT),
      declareQueue("d"),
      bind("x", "q:t"),
      bind("x", "q:d"),
    ]) {
      node.mustApply(command);
    }
    expect(brief(before)).toHaveLength(5);
    node.crash();
    node.boot();
    const { machine } = node.metadata;
    const told: MetadataEvent[] = [];
    let isStarted = false;
    node.run(() => {
      node.metadata.start(() => {
        isStarted = true;
        node.metadata.tellEvents((event) => told.push(event));
      });
    });
    node.runUntil(() => isStarted);
    expect([...(machine.vhost("/")?.queues.keys() ?? [])]).toEqual(["d"]);
    expect([...(machine.bindings("/")?.all() ?? [])]).toMatchObject([{ destination: "d" }]);
    expect(told).toEqual([]);
    node.mustApply(deletion("d"));
    expect(brief(told)).toEqual(["unbound x>q:d", "queueDeleted d"]);
    const { lastIndex } = node.group.status();
    node.crash();
    node.start();
    // Only the new term's entry: there was nothing to drop.
    expect(node.group.status().lastIndex).toBe(lastIndex + 1);
  });

  test("an error of those who are told of changes is logged and stops nothing", () => {
    const node = startedNode();
    node.metadata.tellEvents(() => {
      throw new Error("a bug");
    });
    expect(node.mustApply(declareQueue("a"))).toEqual(OK);
    node.metadata.tellEvents(() => undefined);
    expect(node.mustApply(declareQueue("b"))).toEqual(OK);
    expect(node.lines).toContainEqual(expect.stringContaining("internal error"));
  });

  test("what cannot be encoded is refused at once", () => {
    const node = startedNode();
    const args = new Map([["k".repeat(256), { type: "bool", value: true }]]);
    expect(node.submit(queue("q", { arguments: args })).result).toMatchObject({
      ok: false,
      reason: "validation_failed",
    });
    expect(node.mustApply(declareQueue("q"))).toEqual(OK);
  });
});

function deletion(name: string): MetadataCommand {
  return { type: "deleteQueue", vhost: "/", name };
}

/** A group of one that does what a test says. */
class FakeGroup {
  readonly machine = new MetadataStateMachine();
  readonly groupId = 1;
  readonly isReady = true;
  /** Refuses with this, if set. */
  refusal: ProposalResult | undefined;
  readonly proposed: { readonly freesSpace: boolean | undefined }[] = [];
  readonly #done: ((result: ProposalResult) => void)[] = [];
  #accepted: Entry[] = [];

  status(): object {
    const conf = { voters: [0x1_0001], votersOutgoing: [], learners: [] };
    return { stoppedBecause: undefined, role: "leader", leader: 0x1_0001, conf };
  }

  propose(
    data: Uint8Array,
    options: { readonly command?: unknown; readonly freesSpace?: boolean },
    done: (result: ProposalResult) => void,
  ): boolean {
    const { refusal } = this;
    if (refusal !== undefined) {
      setImmediate(() => done(refusal));
      return false;
    }
    this.proposed.push({ freesSpace: options.freesSpace });
    const index = this.proposed.length;
    this.#accepted.push({ index, term: 1, type: 0, data, crc: 0, command: options.command });
    this.#done.push(done);
    return true;
  }

  /** Applies what was accepted, as a later turn does. */
  apply(): void {
    for (const entry of this.#accepted.splice(0)) this.machine.apply(entry);
  }

  /** The outcome of the oldest proposal that has none. */
  end(outcome: ProposalResult = { kind: "applied", index: 1, term: 1 }): void {
    this.apply();
    this.#done.shift()?.(outcome);
  }
}

/** Timers that a test lets pass; what is deferred comes by itself. */
class HandTimers implements Timers {
  #calls: (() => void)[] = [];

  setTimer(_delayMs: number, callback: () => void): { cancel(): void } {
    this.#calls.push(callback);
    return { cancel: () => undefined };
  }

  defer(callback: () => void): void {
    setImmediate(callback);
  }

  pass(): void {
    for (const call of this.#calls.splice(0)) call();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class FakeRig {
  readonly group = new FakeGroup();
  readonly timers = new HandTimers();
  readonly answers: string[] = [];
  // The store calls nothing else of a group.
  readonly metadata = new ReplicatedMetadata({
    group: this.group as unknown as RaftGroup,
    timers: this.timers,
    log: recordingLogger().log,
    origin: { nodeId: 1, incarnation: 1 },
    link: NO_LINK,
  });

  constructor() {
    this.submit({ type: "addVhost", name: "/" });
    this.group.end();
    this.answers.length = 0;
  }

  submit(command: MetadataCommand): void {
    this.metadata.submit(command, (result) => {
      this.answers.push(result.ok ? "ok" : `${result.reason}: ${result.text}`);
    });
  }

  get queues(): string[] {
    this.group.apply();
    return [...(this.metadata.machine.vhost("/")?.queues.keys() ?? [])];
  }
}

describe("a group that takes no changes", () => {
  test("for now gets them later, in order", async () => {
    const rig = new FakeRig();
    rig.group.refusal = { kind: "busy" };
    rig.submit(declareQueue("a"));
    rig.submit(declareQueue("b"));
    await turn();
    rig.timers.pass();
    await turn();
    expect([rig.answers, rig.queues]).toEqual([[], []]);
    rig.group.refusal = undefined;
    rig.submit(declareQueue("c")); // Not before the others.
    expect(rig.queues).toEqual([]);
    rig.timers.pass();
    expect(rig.queues).toEqual(["a", "b", "c"]);
    for (let count = 0; count < 3; count++) rig.group.end();
    expect(rig.answers).toEqual(["ok", "ok", "ok"]);
  });

  test("for long refuses them", async () => {
    const rig = new FakeRig();
    rig.group.refusal = { kind: "busy" };
    rig.submit(declareQueue("a"));
    for (let count = 0; count < METADATA_RETRY_COUNT_MAX; count++) {
      await turn();
      rig.timers.pass();
    }
    expect(rig.answers).toEqual(["store_unavailable: metadata cannot be changed now"]);
    rig.group.refusal = undefined;
    rig.submit(declareQueue("b"));
    rig.group.end();
    expect([rig.answers.at(-1), rig.queues]).toEqual(["ok", ["b"]]);
  });

  test.each<[ProposalResult, string]>([
    [{ kind: "no-space" }, "store_full: not enough disk space to store a change of metadata"],
    [{ kind: "stopped" }, "store_unavailable: metadata cannot be changed now"],
    [
      { kind: "refused", why: "too-large" },
      "store_unavailable: the change cannot be stored: too-large",
    ],
  ])("because of %j says so", async (refusal, text) => {
    const rig = new FakeRig();
    rig.group.refusal = refusal;
    rig.submit(declareQueue("a"));
    rig.submit(declareQueue("b"));
    await turn();
    await turn();
    expect(rig.answers).toEqual([text, text]);
  });

  test("says that nobody knows if the outcome is unknown, also to those who rest on it", () => {
    const rig = new FakeRig();
    rig.submit(declareQueue("a"));
    const told: unknown[] = [];
    rig.metadata.whenStored((failure) => told.push(failure?.reason));
    rig.group.end({ kind: "unknown" });
    const text = "store_unavailable: it is not known whether the change was stored";
    expect([rig.answers, told]).toEqual([[text], ["store_unavailable"]]);
  });

  test("lets those wait who rest on what it took before", async () => {
    const rig = new FakeRig();
    rig.submit(declareQueue("a"));
    rig.group.refusal = { kind: "no-space" };
    rig.submit(declareQueue("b"));
    const told: unknown[] = [];
    rig.metadata.whenStored((failure) => told.push(failure));
    await turn();
    rig.metadata.whenStored((failure) => told.push(failure));
    expect([rig.answers.length, told]).toEqual([1, []]);
    rig.group.end();
    expect(told).toEqual([undefined, undefined]);
  });

  test("takes what frees space when there is little", () => {
    const rig = new FakeRig();
    rig.submit(declareQueue("a"));
    rig.submit(deletion("a"));
    rig.submit({ type: "clearPermissions", user: "u", vhost: "/" });
    rig.submit({ type: "dropTransient" });
    expect(rig.group.proposed.slice(1).map(({ freesSpace }) => freesSpace)).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });
});
