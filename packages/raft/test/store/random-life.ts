import type { Entry } from "../../src/core/entry.ts";
import type { IndexRange } from "../../src/core/hard-state.ts";
import type { Append } from "../../src/core/ready.ts";
import { CONF, entry, type Machine, makeAppend, sourceOf } from "./store-fixture.ts";
import {
  applyAppend,
  applySnapshot,
  createGroup,
  difference,
  type ModelGroup,
  StoreModel,
} from "./store-model.ts";

interface PendingSave {
  readonly groupId: number;
  readonly index: number;
  onRecord(): void;
}

/** Does random things to a store and to the model of it. */
export class RandomLife {
  readonly model = new StoreModel();
  readonly machine: Machine;
  operations = 0;
  readonly #counts = new Map<string, number>();
  #nextGroup = 1;
  #seq = 0;
  #acks: Map<number, () => void> = new Map();
  #saves: PendingSave[] = [];

  constructor(machine: Machine) {
    this.machine = machine;
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** To be called before the store ends. */
  end(): void {
    const { removedFiles, rewrittenBytes } = this.machine.store.statistics;
    this.#count("removed files", removedFiles);
    this.#count("rewritten bytes", rewrittenBytes);
  }

  /** To be called after each open. */
  start(): void {
    this.#acks = new Map();
    this.#saves = [];
    this.machine.onStep = () => this.#notice();
    this.machine.listener.onAppendedCall = (_group, seq) => {
      for (const [waiting, ack] of this.#acks) {
        if (waiting > seq) break;
        ack();
        this.#acks.delete(waiting);
      }
    };
  }

  /** One random operation, and some time. */
  step(): void {
    this.operations++;
    const { random } = this.machine;
    const group = this.#pickGroup();
    const draw = random.below(100);
    if (group === undefined || (draw < 4 && this.model.groups.size < 8)) this.#create();
    else if (draw < 6) this.#delete(group);
    else if (draw < 60) this.#append(group);
    else if (draw < 65) this.#vote(group);
    else if (draw < 67) this.#promise(group);
    else if (draw < 78) this.#save(group);
    else if (draw < 82) this.#receive(group);
    else this.#count("idle");
    this.#notice();
    if (random.chance(0.7)) this.machine.process.run(() => this.machine.store.kick());
    if (random.chance(0.5)) this.#run(random.exponential(2));
  }

  /** Waits until nothing is on its way. */
  rest(): void {
    this.machine.process.run(() => this.machine.store.kick());
    this.#run(200);
    this.model.checkpoint();
  }

  /** Compares after an open, and goes on from what survived. */
  settle(): void {
    this.model.settle((groups) => difference(this.machine.store, groups));
    this.start();
  }

  /** Reads everything and compares. */
  checkContents(): void {
    for (const group of this.model.groups.values()) this.#checkGroup(group);
  }

  #checkGroup(group: ModelGroup): void {
    const { groupId } = group;
    const ranges = [
      ...group.live.filter((range) => range.first <= group.compactedIndex),
      { first: group.compactedIndex + 1, last: group.lastIndex },
    ];
    for (const { first, last } of ranges) {
      const expected: Entry[] = [];
      for (let index = first; index <= last; index++) {
        const item = group.entries.get(index);
        if (item === undefined) throw new Error(`the model lacks ${index} of ${groupId}`);
        expected.push(item);
      }
      const actual = this.machine.readAll(groupId, first, last);
      actual.forEach((item, position) => {
        const wanted = expected[position];
        const isEqual =
          item.index === wanted?.index &&
          item.term === wanted.term &&
          item.type === wanted.type &&
          item.crc === wanted.crc &&
          Buffer.compare(item.data, wanted.data) === 0;
        if (!isEqual) {
          throw new Error(
            `group ${groupId}: ${item.index}@${item.term} instead of ${wanted?.index}@${wanted?.term}`,
          );
        }
      });
    }
    const state = this.machine.loadState(groupId);
    const isRight =
      group.state === undefined ? state === "none" : group.state.equals(Buffer.from(state));
    if (!isRight) throw new Error(`group ${groupId}: snapshot ${state.slice(0, 20)}`);
  }

  #run(ms: number): void {
    const end = this.machine.scheduler.nowMs + ms;
    this.machine.runUntil(() => this.machine.scheduler.nowMs >= end, ms);
  }

  /** Snapshots whose record the store wrote meanwhile. */
  #notice(): void {
    if (this.#saves.length === 0) return;
    this.#saves = this.#saves.filter((save) => {
      if (!this.machine.isOpen || !this.model.groups.has(save.groupId)) return false;
      if (this.machine.store.log(save.groupId).snapshotIndex !== save.index) return true;
      save.onRecord();
      return false;
    });
  }

  #pickGroup(): ModelGroup | undefined {
    // Old groups are mostly idle, so that they keep old files.
    const groups = [...this.model.groups.values()].reverse();
    return groups[Math.floor(groups.length * this.machine.random.float() ** 3)];
  }

  #create(): void {
    this.#count("create");
    const groupId = this.#nextGroup++;
    const isJoining = this.machine.random.chance(0.2);
    const conf = isJoining ? { ...CONF, voters: [] } : { ...CONF };
    const options = { groupId, epoch: 3, conf };
    const ack = this.model.change((groups) => createGroup(groups, options));
    this.machine.process.run(() =>
      this.machine.store.createGroup({ ...options, replicaId: 65537 }, ack),
    );
  }

  #delete(group: ModelGroup): void {
    this.#count("delete");
    const { groupId } = group;
    const ack = this.model.change((groups) => groups.delete(groupId));
    this.machine.process.run(() => this.machine.store.deleteGroup(groupId, ack));
  }

  #submit(
    groupId: number,
    parts: Partial<Append>,
    received?: Parameters<typeof applyAppend>[2],
  ): void {
    const append = makeAppend({ ...parts, seq: ++this.#seq });
    const ack = this.model.change((groups) => {
      const group = groups.get(groupId);
      if (group !== undefined) applyAppend(group, append, received);
    });
    this.#acks.set(append.seq, ack);
    this.machine.process.run(() => this.machine.store.append(groupId, append));
  }

  #append(group: ModelGroup): void {
    const { random } = this.machine;
    const { hardState, lastIndex } = group;
    const isNewTerm = hardState.currentTerm === 0 || random.chance(0.2);
    const currentTerm = hardState.currentTerm + (isNewTerm ? 1 + random.below(3) : 0);
    let first = lastIndex + 1;
    // A new leader may replace what is not committed.
    const lowest = Math.max(hardState.commitIndex, group.compactedIndex) + 1;
    if (isNewTerm && random.chance(0.5) && lowest <= lastIndex) {
      first = lowest + random.below(lastIndex - lowest + 1);
      this.#count("replace");
    }
    const count = 1 + random.below(random.chance(0.1) ? 30 : 4);
    const list: Entry[] = [];
    for (let index = first; index < first + count; index++) {
      const size = random.chance(0.05) ? random.below(6000) : random.below(80);
      list.push(entry(group.groupId, index, currentTerm, size));
    }
    const commitIndex = Math.min(
      first + count - 1,
      hardState.commitIndex + random.below(Math.max(1, first - hardState.commitIndex)),
    );
    this.#count("append");
    this.#submit(group.groupId, {
      hardState: { currentTerm, votedFor: isNewTerm ? 0 : hardState.votedFor, commitIndex },
      entries: list,
    });
  }

  #vote(group: ModelGroup): void {
    this.#count("vote");
    const { currentTerm, commitIndex } = group.hardState;
    this.#submit(group.groupId, {
      hardState: { currentTerm: currentTerm + 1, votedFor: 131073, commitIndex },
    });
  }

  #promise(group: ModelGroup): void {
    this.#count("promise");
    const { random } = this.machine;
    const promise = random.chance(0.4)
      ? { index: 0, term: 0 }
      : { index: group.lastIndex + random.below(5), term: group.hardState.currentTerm };
    this.#submit(group.groupId, { promise });
  }

  #save(group: ModelGroup): void {
    const { random } = this.machine;
    const { groupId, hardState, snapshot } = group;
    const span = hardState.commitIndex - snapshot.index;
    if (span <= 0 || this.#saves.some((save) => save.groupId === groupId)) return;
    this.#count("save");
    const index = snapshot.index + 1 + random.below(span);
    const term = this.machine.store.log(groupId).term(index);
    if (term === undefined) throw new Error(`no term of ${index}`);
    const meta = {
      index,
      term,
      conf: snapshot.conf.voters.length === 0 ? { ...CONF } : snapshot.conf,
    };
    const compactTo = random.chance(0.7) ? index : Math.max(0, index - random.below(10));
    const save = { meta, state: this.#state(), live: this.#live(group, index), compactTo };
    let ack: (() => void) | undefined;
    const pending: PendingSave = {
      groupId,
      index,
      onRecord: () => {
        ack = this.model.change((groups) => {
          const target = groups.get(groupId);
          if (target !== undefined) applySnapshot(target, save);
        });
      },
    };
    this.#saves.push(pending);
    this.machine.process.run(() =>
      this.machine.store.saveSnapshot(
        groupId,
        { meta, source: sourceOf(save.state, save.live), compactTo },
        (result) => {
          this.#count(`save ${result}`);
          this.#notice();
          this.#saves = this.#saves.filter((other) => other !== pending);
          ack?.();
        },
      ),
    );
  }

  #receive(group: ModelGroup): void {
    const { random } = this.machine;
    const { groupId, hardState } = group;
    if (this.#saves.some((save) => save.groupId === groupId)) return;
    const index = Math.max(hardState.commitIndex, group.snapshot.index) + 1 + random.below(20);
    const ownTerm = group.entries.get(index)?.term;
    const keepsSuffix = index <= group.lastIndex && ownTerm !== undefined && random.chance(0.5);
    const term = keepsSuffix ? ownTerm : hardState.currentTerm + 1;
    const meta = { index, term, conf: { ...CONF } };
    const state = this.#state();
    const live: IndexRange[] = [];
    for (let first = 2 + random.below(10); first < index; first += 2 + random.below(60)) {
      const last = Math.min(index, first + random.below(8));
      live.push({ first, last });
      first = last;
    }
    const receiver = this.machine.store.receiveSnapshot(groupId, meta, live);
    const received: Entry[] = [];
    for (const range of receiver.missing) {
      for (let missing = range.first; missing <= range.last; missing++) {
        const other = entry(groupId, missing, term, random.below(random.chance(0.1) ? 3000 : 50));
        // What is committed, or agrees with the leader's log, is the same everywhere.
        const isShared = keepsSuffix || missing <= hardState.commitIndex;
        received.push((isShared ? group.entries.get(missing) : undefined) ?? other);
      }
    }
    this.#count("receive");
    this.machine.process.run(() => {
      receiver.addEntries(received);
      for (let at = 0; at < state.length; at += 700)
        receiver.addState(state.subarray(at, at + 700));
      receiver.finish((result) => {
        this.#count(`receive ${result}`);
        if (result === "no-space") return;
        if (result !== "ready") throw new Error(result);
        const current = this.model.groups.get(groupId);
        const isKept = keepsSuffix && current?.entries.get(index)?.term === term;
        // The log went on meanwhile; only what still makes sense is installed.
        if (current === undefined || !fits(received, { index, isKept }, current)) {
          receiver.abort();
          return;
        }
        const currentTerm = Math.max(term, current.hardState.currentTerm);
        this.#submit(
          groupId,
          {
            hardState: { currentTerm, votedFor: 0, commitIndex: index },
            snapshot: meta,
            keepsSuffix: isKept,
          },
          { state, live, entries: received },
        );
      });
    });
  }

  #live(group: ModelGroup, index: number): IndexRange[] {
    const { random } = this.machine;
    const ranges: IndexRange[] = [];
    const alive = (at: number): boolean =>
      at > group.compactedIndex
        ? group.entries.has(at)
        : group.live.some((range) => range.first <= at && at <= range.last);
    let start = 0;
    for (let at = 1; at <= index + 1; at++) {
      const isLive = at <= index && alive(at) && random.chance(start > 0 ? 0.9 : 0.2);
      if (isLive && start === 0) start = at;
      if (!isLive && start > 0) {
        ranges.push({ first: start, last: at - 1 });
        start = 0;
      }
    }
    return ranges;
  }

  #state(): Buffer {
    const { random } = this.machine;
    const size = random.chance(0.3) ? 1500 + random.below(100_000) : random.below(300);
    return Buffer.alloc(size, `state ${random.next32()} `);
  }

  #count(what: string, by = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + by);
  }
}

/** Whether a leader can have sent this: what is committed, or agrees with its log, is the same everywhere. */
function fits(
  received: readonly Entry[],
  snapshot: { readonly index: number; readonly isKept: boolean },
  group: ModelGroup,
): boolean {
  const { commitIndex } = group.hardState;
  if (commitIndex >= snapshot.index) return false;
  const sharedIndex = snapshot.isKept ? snapshot.index : commitIndex;
  return received.every((item) => {
    const own = item.index <= sharedIndex ? group.entries.get(item.index) : undefined;
    return own === undefined || (own.term === item.term && own.crc === item.crc);
  });
}
