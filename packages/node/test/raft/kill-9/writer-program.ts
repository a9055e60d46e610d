import { writeSync } from "node:fs";
import { replicaIdOf } from "../../../../raft/src/core/ids.ts";
import { Random } from "../../../../raft/src/core/random.ts";
import type { LogStore, LogStoreListener } from "../../../../raft/src/store/log-store.ts";
import { NodeLogStore } from "../../../../raft/src/store/node-log-store.ts";
import { RealDisk } from "../../../src/runtime/real-disk.ts";
import { RealRaftClock } from "../../../src/runtime/real-raft-clock.ts";
import { CLUSTER_ID, CONF, EPOCH, NODE_ID } from "./content.ts";
import { GroupWriter } from "./group-writer.ts";
import { formatLine, type JournalLine, type OtherStep } from "./journal.ts";
import { WRITER_LIMITS } from "./writer-limits.ts";

// Appends to many groups as fast as it can until it is killed. Arguments: data directory, seed, number of the first group to create. Standard output: a journal.

const STANDARD_OUTPUT = 1;
const GROUPS_MAX = 40;
const WRITES_PER_TURN = 30;
/** In case that nothing is under way whose end would bring the next turn. */
const TURN_MS = 5;

class Writer implements LogStoreListener {
  readonly #random: Random;
  readonly #groups = new Map<number, GroupWriter>();
  #store: LogStore | undefined;
  #nextGroup: number;
  /** Groups that are being created or deleted. */
  #changing = 0;
  #lines = "";

  constructor(random: Random, nextGroup: number) {
    this.#random = random;
    this.#nextGroup = nextGroup;
  }

  start(store: LogStore): void {
    this.#store = store;
    for (const recovered of store.groups()) {
      const writer = this.#writerOf(recovered.groupId, store);
      writer.resume(recovered);
      this.#groups.set(recovered.groupId, writer);
    }
    this.#tell({ kind: "open" });
    setInterval(() => this.#turn(store), TURN_MS);
    this.#turn(store);
  }

  onAppended(groupId: number, seq: number): void {
    this.#groups.get(groupId)?.onAppended(seq);
    this.#lines += formatLine({ kind: "durable", group: groupId, seq });
  }

  onBatchEnd(): void {
    this.#flush();
    if (this.#store !== undefined) this.#turn(this.#store);
  }

  onFatal(error: Error): void {
    throw error;
  }

  onSpaceChange(): void {
    // There is enough.
  }

  onDamage(groupId: number): void {
    throw new Error(`damage in group ${groupId}`);
  }

  #turn(store: LogStore): void {
    if (this.#groups.size + this.#changing < GROUPS_MAX) this.#create(store);
    else if (this.#changing === 0 && this.#random.below(200) === 0) this.#delete(store);
    const writers = [...this.#groups.values()].filter((each) => each.canWrite);
    for (let nth = 0; nth < WRITES_PER_TURN && writers.length > 0 && !store.isBacklogged; nth++) {
      const writer = writers[this.#random.below(writers.length)];
      if (writer?.canWrite === true) writer.write();
    }
    // Before anything of it can be on the disk.
    this.#flush();
    store.kick();
  }

  #create(store: LogStore): void {
    const groupId = this.#nextGroup++;
    const step: OtherStep = { kind: "create", group: groupId };
    this.#changing++;
    this.#tell(step);
    const replicaId = replicaIdOf(NODE_ID, 1);
    store.createGroup({ groupId, epoch: EPOCH, replicaId, conf: CONF }, () => {
      this.#changing--;
      this.#tell({ kind: "done", step });
      this.#groups.set(groupId, this.#writerOf(groupId, store));
    });
  }

  #delete(store: LogStore): void {
    const quiet = [...this.#groups.values()].filter((each) => each.isQuiet);
    const victim = quiet[this.#random.below(Math.max(1, quiet.length))];
    if (victim === undefined) return;
    const { groupId } = victim;
    this.#groups.delete(groupId);
    const step: OtherStep = { kind: "delete", group: groupId };
    this.#changing++;
    this.#tell(step);
    store.deleteGroup(groupId, () => {
      this.#changing--;
      this.#tell({ kind: "done", step });
    });
  }

  #writerOf(groupId: number, store: LogStore): GroupWriter {
    const random = new Random(this.#random.nextU32());
    return new GroupWriter(groupId, store, random, (line) => this.#tell(line));
  }

  #tell(line: JournalLine): void {
    this.#lines += formatLine(line);
    // Appends are written by kick() at the earliest, all else may be at once.
    if (line.kind !== "append") this.#flush();
  }

  #flush(): void {
    const bytes = Buffer.from(this.#lines);
    this.#lines = "";
    let written = 0;
    while (written < bytes.length) written += writeSync(STANDARD_OUTPUT, bytes, written);
  }
}

const [directory = "", seed = "0", nextGroup = "1"] = process.argv.slice(2);
const writer = new Writer(new Random(Number(seed)), Number(nextGroup));
const clock = new RealRaftClock();
NodeLogStore.open(
  new RealDisk(directory),
  clock,
  clock,
  { nodeId: NODE_ID, clusterId: CLUSTER_ID, limits: WRITER_LIMITS },
  writer,
  (error, store) => {
    if (error !== undefined) throw error;
    writer.start(store);
  },
);
