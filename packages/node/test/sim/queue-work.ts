import type { GroupId, ProposalResult, RaftGroup, StateMachine } from "@leveret/raft";
import { checkTotalQueue, formatVerdict, HistoryRecorder } from "@leveret/raft/history";
import { ensure, type SettledReplica, type WorkTarget } from "@leveret/raft/sim";
import { decodeEnqueueBatch, type EnqueueBatch } from "../../src/queue/log/enqueue-batch.ts";
import { entryIndexOf, positionOf } from "../../src/queue/log/message-ref.ts";
import { encodeProgress, type Progress } from "../../src/queue/log/progress.ts";
import { QueueLog } from "../../src/queue/log/queue-log.ts";
import { progressOf, pullAll, restored, type Seen, walk } from "../queue/log/log-rig.ts";
import { type AppliedCommands, NumberedMachine, numberOf } from "./numbered-machine.ts";
import type { Work, WorkCommand } from "./work.ts";

/** Live messages from which on the owner rather removes than adds: simulated disks are small. */
const CROWDED_COUNT = 100;
/** The same in bodies of the largest size. */
const CROWDED_BODIES = 8;
const ITEM_BYTES = 20;
const BODY_ID_BYTES = 4;
const PUBLISHER = 1;
const CONSUMER = 2;

/** What the owner of a queue, in one life of its node, has in its hands. */
interface Owner {
  term: number;
  /** A removal is under way: nothing else is taken before its outcome is known. */
  isRemoving: boolean;
  /** Taken, and perhaps still there: it is given back in the next term. */
  readonly taken: { level: number; ref: number }[];
}

/**
 * Durable queues: publishers with confirms, and an owner at the leader that takes messages and removes them. What was confirmed and
 * removed is a history, which has to be one of a queue that loses nothing and gives nothing twice.
 */
export class QueueWork implements Work {
  readonly #applied: (groupId: GroupId) => AppliedCommands;
  readonly #history = new HistoryRecorder();
  readonly #owners = new WeakMap<StateMachine, Owner>();
  readonly #settled = new Set<string>();
  readonly #delivered = new Set<number>();
  /** Their removal was applied. */
  readonly #acked = new Set<number>();
  #nextMessage = 1;
  /** Reads of which the answer is awaited, and what was wrong with one. */
  #reading = 0;
  #fault: string | undefined;

  constructor(applied: (groupId: GroupId) => AppliedCommands) {
    this.#applied = applied;
  }

  createMachine(): StateMachine {
    return new QueueLog();
  }

  draw(target: WorkTarget): WorkCommand {
    const { group, random, maxPayload } = target;
    const log = logOf(group);
    const owner = this.#ownerOf(group);
    if (group.isReady && random.chance(0.1)) this.#readSome(target, log);
    const isCrowded = log.count > CROWDED_COUNT || log.bytes > CROWDED_BODIES * maxPayload;
    const mayRemove = group.isReady && !owner.isRemoving;
    if (mayRemove && random.chance(isCrowded ? 0.9 : 0.5)) {
      const removal = this.#remove(target, log, owner);
      if (removal !== undefined) return removal;
    }
    return isCrowded ? commandOf(target, {}) : this.#publish(target);
  }

  onSettled(groupId: GroupId, replicas: readonly SettledReplica[], nowMs: number): void {
    const queue = nameOf(groupId);
    this.#settled.add(queue);
    const [first] = replicas;
    if (first === undefined) return;
    const contents = contentsOf(first.group);
    for (const { group, isOnDamagedDisk } of replicas) {
      const other = contentsOf(group);
      ensure(
        JSON.stringify(other) === JSON.stringify(contents),
        "state-machine-safety",
        () => `group ${groupId}: replicas with different messages`,
      );
      if (!isOnDamagedDisk) this.#readAll(group, contents);
    }
    for (const seen of contents) {
      const message = this.#deliver(groupId, seen, nowMs);
      this.#ack(message);
      const input = { message, how: "ack" };
      const ack = { process: CONSUMER, kind: "settle", key: queue, input, at: nowMs };
      this.#history.add(ack, { outcome: "ok", output: null, at: nowMs });
    }
    const drain = { process: CONSUMER, kind: "drain", key: queue, input: null, at: nowMs };
    this.#history.add(drain, { outcome: "ok", output: null, at: nowMs + 1 });
  }

  verdict(): string | undefined {
    if (this.#fault !== undefined) return this.#fault;
    if (this.#reading > 0) return `${this.#reading} reads of entries were not answered`;
    // What became of deleted queues does not matter.
    const operations = this.#history.operations().filter(({ key }) => this.#settled.has(key));
    const queues = Object.fromEntries(
      Array.from(this.#settled, (name) => [name, { isOrdered: false }]),
    );
    const verdict = checkTotalQueue(operations, { queues });
    return verdict.validity === "invalid" ? formatVerdict(verdict) : undefined;
  }

  /** A new leader, or one of a new term, starts with all that was not removed. */
  #ownerOf(group: RaftGroup): Owner {
    let owner = this.#owners.get(group.machine);
    if (owner === undefined) {
      owner = { term: 0, isRemoving: false, taken: [] };
      this.#owners.set(group.machine, owner);
    }
    const { term } = group.status();
    if (!group.isReady || term === owner.term) return owner;
    owner.term = term;
    owner.isRemoving = false;
    const log = logOf(group);
    for (const { level, ref } of owner.taken.reverse()) giveBack(log, level, ref);
    owner.taken.length = 0;
    return owner;
  }

  #publish(target: WorkTarget): WorkCommand {
    const { random, group, maxPayload, nowMs } = target;
    const bodies: { level: number; body: Uint8Array; expires: boolean; message: number }[] = [];
    let size = 0;
    const wanted = random.pick([1, 1, 1, 2, 5, 30]);
    const level = random.pick([0, 0, 0, 1, 7]);
    while (bodies.length < wanted) {
      const extra = random.below(Math.max(1, Math.floor(maxPayload / wanted)));
      size += ITEM_BYTES + BODY_ID_BYTES + extra;
      if (bodies.length > 0 && size > maxPayload) break;
      const message = this.#nextMessage++;
      const body = Buffer.alloc(BODY_ID_BYTES + Math.min(extra, maxPayload / 2), message & 0xff);
      body.writeUInt32BE(message);
      const isElsewhere = random.chance(0.1);
      bodies.push({ level: isElsewhere ? 3 : level, body, expires: random.chance(0.1), message });
    }
    const key = nameOf(group.groupId);
    const operations = bodies.map(({ message }) => {
      const input = { message };
      return this.#history.invoke({ process: PUBLISHER, kind: "enqueue", key, input, at: nowMs });
    });
    const command = batchBytes(bodies);
    const isGiven = random.chance(0.5);
    return {
      command,
      options: isGiven ? { command: decodeEnqueueBatch(command) } : {},
      done: (result, at): void => {
        const outcome = outcomeOf(result);
        for (const id of operations) this.#history.complete(id, { outcome, output: null, at });
      },
    };
  }

  /** Takes some messages, of which the first ones are removed and the others given back. */
  #remove(target: WorkTarget, log: QueueLog, owner: Owner): WorkCommand | undefined {
    const { random } = target;
    const level = [...log.levels()].reverse().find((each) => log.cursorOf(each).count > 0);
    if (level === undefined) return undefined;
    const cursor = log.cursorOf(level);
    const taken: Seen[] = [];
    const wanted = random.chance(0.1) ? cursor.count : random.between(1, 12);
    // What a group of one has applied may be gone after a crash, until it is durable.
    const { commitIndex } = target.group.status();
    while (taken.length < wanted && cursor.count > 0) {
      if (entryIndexOf(cursor.ref) > commitIndex) break;
      const { ref, bodySize: size, expiresAtMs, returnCount } = cursor;
      taken.push({ level, ref, size, expiresAtMs, returnCount });
      cursor.take();
    }
    const removed = taken.slice(0, random.between(1, taken.length));
    const returned = taken.slice(removed.length);
    const [first] = removed;
    const last = removed.at(-1);
    const next = returned[0];
    if (first === undefined || last === undefined) return undefined;
    if (next !== undefined) cursor.rewindTo(next.ref);
    owner.isRemoving = true;
    owner.taken.push({ level, ref: first.ref });
    target.onEvent("queue-removal");
    const progress = progressOf({
      removed: [{ level, first: first.ref, last: last.ref }],
      delivered: random.chance(0.5) ? [{ level, ref: taken.at(-1)?.ref ?? last.ref }] : [],
      returned: returned
        .filter(() => random.chance(0.3))
        .map(({ ref, returnCount }) => ({ level, ref, count: returnCount + 1 })),
    });
    return { ...commandOf(target, progress), done: this.#onRemoved(target, owner, removed) };
  }

  #onRemoved(
    { group, nowMs }: WorkTarget,
    owner: Owner,
    removed: readonly Seen[],
  ): (result: ProposalResult, nowMs: number) => void {
    const { groupId } = group;
    const log = logOf(group);
    const { term } = owner;
    const key = nameOf(groupId);
    const acks = removed.map((seen) => {
      const message = this.#deliver(groupId, seen, nowMs);
      const input = { message, how: "ack" };
      const start = { process: CONSUMER, kind: "settle", key, input, at: nowMs };
      return { id: this.#history.invoke(start), message };
    });
    return (result, at) => {
      const outcome = outcomeOf(result);
      for (const { id, message } of acks) {
        this.#history.complete(id, { outcome, output: null, at });
        if (outcome === "ok") this.#ack(message);
      }
      if (owner.term !== term) return;
      owner.isRemoving = false;
      const [first] = removed;
      if (outcome === "unknown" || first === undefined) return;
      owner.taken.length = 0;
      if (outcome === "fail") giveBack(log, first.level, first.ref);
    };
  }

  /**
   * The message is gone for good: it cannot be removed once more. (It may be delivered once more, by a leader that does not know
   * yet that it was deposed.)
   */
  #ack(message: number): void {
    if (this.#acked.has(message)) this.#fault ??= `message ${message} was removed twice`;
    this.#acked.add(message);
  }

  /** Notes that the consumer gets a message; returns which. */
  #deliver(groupId: GroupId, { ref, returnCount }: Seen, at: number): number {
    const message = this.#messageOf(groupId, ref);
    // The machine knows of deliveries what a progress said that was applied.
    const redelivered = returnCount > 0 || this.#delivered.has(message);
    this.#delivered.add(message);
    const key = nameOf(groupId);
    const delivery = { process: CONSUMER, kind: "dequeue", key, input: null, at };
    this.#history.add(delivery, { outcome: "ok", output: { message, redelivered }, at });
    return message;
  }

  /** The entry of a message that is there, and stays as long as the owner does not take it, must be readable. */
  #readSome(target: WorkTarget, log: QueueLog): void {
    const { group, random } = target;
    const level = random.pick([0, 1, 3, 7]);
    const cursor = log.cursorOf(level);
    if (cursor.count === 0) return;
    const { ref } = cursor;
    const { term } = group.status();
    target.onEvent("queue-read");
    this.#read(group, ref, (fault) => {
      const isStillThere =
        group.isReady && group.status().term === term && cursor.count > 0 && cursor.ref <= ref;
      target.guard(() => ensure(!isStillThere, "durability", () => fault));
    });
  }

  #readAll(group: RaftGroup, contents: readonly Seen[]): void {
    let before = -1;
    for (const { ref } of contents) {
      const entry = entryIndexOf(ref);
      if (entry === before) continue;
      before = entry;
      this.#reading++;
      this.#read(
        group,
        ref,
        (fault) => {
          this.#fault ??= fault;
        },
        () => this.#reading--,
      );
    }
  }

  #read(
    group: RaftGroup,
    ref: number,
    onFault: (fault: string) => void,
    onDone: () => void = () => {},
  ): void {
    const index = entryIndexOf(ref);
    group.readEntries(index, index, 1, (result) => {
      onDone();
      if (result.kind === "damaged") return;
      const what = `group ${group.groupId}: the entry of message ${ref}, which is there,`;
      const [entry] = result.kind === "entries" ? result.entries : [];
      if (entry === undefined) onFault(`${what} cannot be read: ${result.kind}`);
      else if (!isSame(entry.data.subarray(4), this.#applied(group.groupId).at(index))) {
        onFault(`${what} is another one: command ${numberOf(entry.data)}`);
      }
    });
  }

  #messageOf(groupId: GroupId, ref: number): number {
    const bytes = this.#applied(groupId).at(entryIndexOf(ref));
    if (bytes === undefined) throw new Error(`no entry of message ${ref} was applied`);
    return messageAt(decodeEnqueueBatch(bytes), positionOf(ref));
  }
}

function nameOf(groupId: GroupId): string {
  return `queue ${groupId}`;
}

function logOf(group: RaftGroup): QueueLog {
  const { machine } = group;
  if (machine instanceof NumberedMachine && machine.inner instanceof QueueLog) return machine.inner;
  throw new Error(`group ${group.groupId} is no queue`);
}

/** What a new replica would have that gets a snapshot of this one. */
function contentsOf(group: RaftGroup): Seen[] {
  const { machine } = group;
  const index = machine instanceof NumberedMachine ? machine.lastIndex : 0;
  return walk(restored(pullAll(logOf(group).snapshot(), 100), index, 100));
}

/** Gives back what was taken from a message on, if it is still there. */
function giveBack(log: QueueLog, level: number, ref: number): void {
  const cursor = log.cursorOf(level);
  try {
    cursor.rewindTo(ref);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

function commandOf({ random }: WorkTarget, what: Partial<Progress>): WorkCommand {
  const progress = progressOf(what);
  const command = encodeProgress(progress);
  const freesSpace = random.chance(0.8);
  if (random.chance(0.5)) return { command, options: { freesSpace } };
  return { command, options: { freesSpace, command: progress } };
}

function outcomeOf({ kind }: ProposalResult): "ok" | "fail" | "unknown" {
  if (kind === "applied") return "ok";
  return kind === "unknown" ? "unknown" : "fail";
}

/** A batch by the layout in enqueue-batch.ts, without properties and routing. */
function batchBytes(
  items: readonly { level: number; body: Uint8Array; expires: boolean }[],
): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from([1, 1, items.length & 0xff, items.length >> 8])];
  for (const [nth, { level, body, expires }] of items.entries()) {
    const head = Buffer.alloc((expires ? 20 : 12) + (nth === 0 ? 2 : 0));
    head[0] = (nth === 0 ? 0 : 2) | (expires ? 4 : 0);
    head[1] = level;
    head.writeUInt32LE(body.length, 8);
    if (expires) head.writeDoubleLE(1_700_000_000_000 + body.length, 12);
    parts.push(head, body);
  }
  return Buffer.concat(parts);
}

function messageAt(batch: EnqueueBatch, item: number): number {
  const place = { isRun: false, priority: 0, propertiesSize: 0, bodySize: 0, contentOffset: 0 };
  batch.locate(item, place);
  return batch.bytes.readUInt32BE(place.contentOffset + place.propertiesSize);
}

function isSame(bytes: Uint8Array, other: Uint8Array | undefined): boolean {
  return other !== undefined && Buffer.compare(bytes, other) === 0;
}
