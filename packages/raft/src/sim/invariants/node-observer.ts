import { type Entry, EntryType } from "../../core/entry.ts";
import type { GroupId, ReplicaId } from "../../core/ids.ts";
import { MessageType, type RaftMessage } from "../../core/message.ts";
import type { RaftCore } from "../../core/raft-core.ts";
import type { Append, Ready } from "../../core/ready.ts";
import type { HostObserver } from "../../host/node-options.ts";
import { confStepFault, isQuorum } from "./conf-rules.ts";
import { describeConf } from "./group-ledger.ts";
import type { NodeDurability } from "./node-durability.ts";
import type { ReplicaRecord } from "./replica-record.ts";
import { ensure } from "./violation.ts";

/** What the observers of all nodes share. */
export interface Truth {
  record(groupId: GroupId, replicaId: ReplicaId): ReplicaRecord;
  /** A step was made: counted, hashed, traced. */
  onStep(nodeId: number, core: RaftCore, call: string): void;
  onTrace(nodeId: number, what: () => string): void;
  onEvent(event: string): void;
  /** A message of a group leaves. */
  onMessage(): void;
  /** Id of the command in an entry's data, 0 if there is none. */
  commandIdOf(entry: Entry): number;
  /** Whether damage on purpose excuses that this node's replica says it is damaged. */
  mayBeDamaged(nodeId: number): boolean;
  /** Bytes of entries that may wait to be committed in one group. */
  readonly uncommittedBytesMax: number;
}

/** One replica in one life of its node. */
interface ReplicaLife {
  readonly record: ReplicaRecord;
  term: number;
  commit: number;
  applied: number;
  durable: number;
  isLeader: boolean;
  leaderTerm: number;
  /** What waited to be committed when it became leader: each leader before it may have left as much as it was allowed. */
  inheritedBytes: number;
  conf: RaftCore["conf"];
  lastConfIndex: number;
  /** Applied before they were durable, in a group of one: states to be believed once they are. */
  readonly early: Map<number, { readonly entry: Entry; readonly digest: number }>;
}

/** Checks each step of all replicas on one node, in one life of it (fault-testing 4.3 of the design documents). */
export class NodeObserver implements HostObserver {
  readonly #nodeId: number;
  readonly #truth: Truth;
  readonly #durability: NodeDurability;
  readonly #lives = new Map<RaftCore, ReplicaLife>();
  readonly #cores = new Map<GroupId, RaftCore>();

  constructor(nodeId: number, truth: Truth, durability: NodeDurability) {
    this.#nodeId = nodeId;
    this.#truth = truth;
    this.#durability = durability;
  }

  /** The core of a group on this node, if it runs. */
  core(groupId: GroupId): RaftCore | undefined {
    return this.#cores.get(groupId);
  }

  onCoreCall(core: RaftCore, call: string): void {
    const known = this.#lives.get(core);
    this.#truth.onStep(this.#nodeId, core, call);
    if (known === undefined) {
      this.#starts(core);
      return;
    }
    this.#checkMarks(core, known);
    // A change of members may at once make more entries committed, by the new members.
    if (core.conf !== known.conf) this.#checkConf(core, known, call);
    if (core.commitIndex > known.commit) this.#checkCommit(core, known);
    if (core.durableIndex !== known.durable) this.#checkDurable(core, known);
    if (core.role === "leader" && (!known.isLeader || known.leaderTerm !== core.currentTerm)) {
      this.#checkElection(core, known);
    }
    this.#checkMemory(core, known);
    known.isLeader = core.role === "leader";
    known.term = core.currentTerm;
    known.commit = core.commitIndex;
    known.applied = core.appliedIndex;
  }

  onReady(core: RaftCore, ready: Ready): void {
    const life = this.#life(core);
    const append = ready.append;
    if (append === undefined) return;
    if (append.repairs.length > 0) this.#truth.onEvent("entries-repaired");
    this.#checkEntries(core, life, append);
    life.record.handsOver(append);
  }

  onAppend(groupId: GroupId, append: Append): void {
    const core = this.#cores.get(groupId);
    ensure(core !== undefined, "interface", () => `an append of unknown group ${groupId}`);
    this.#truth.onTrace(this.#nodeId, () => describeAppend(groupId, append));
  }

  onSend(message: RaftMessage): void {
    this.#truth.onMessage();
    this.#truth.onTrace(this.#nodeId, () => describeMessage(message));
    const core = this.#cores.get(message.groupId);
    ensure(
      core !== undefined && core.self === message.from && core.groupEpoch === message.epoch,
      "fences",
      () =>
        `node ${this.#nodeId} sends in the name of ${message.from}: ${describeMessage(message)}`,
    );
    checkPromise(this.#life(core).record, message);
    const isRequest = message.type === MessageType.RequestVote;
    if (isRequest && message.context === 1) this.#truth.onEvent("transfer-campaign");
  }

  onApply(core: RaftCore, entry: Entry, digest: number): void {
    const life = this.#life(core);
    this.#truth.onTrace(
      this.#nodeId,
      () => `group ${core.groupId} applies ${entry.index} -> ${digest}`,
    );
    if (entry.index > core.commitIndex) {
      ensure(
        core.conf.voters.length === 1 && core.conf.voters[0] === core.self,
        "state-machine-safety",
        () => `group ${core.groupId}: applies ${entry.index} beyond the commit index`,
      );
      this.#truth.onEvent("applied-before-durable");
      life.early.set(entry.index, { entry, digest });
      return;
    }
    const { ledger } = life.record;
    ledger.applies(entry, digest);
    if (entry.type === EntryType.ConfChange) ledger.hasConf(entry.index, core.conf);
  }

  onRestore(core: RaftCore, index: number, digest: number): void {
    this.#truth.onTrace(
      this.#nodeId,
      () => `group ${core.groupId} restored at ${index} -> ${digest}`,
    );
    this.#truth.onEvent("machine-restored");
    if (index > 1) this.#life(core).record.ledger.hasState(index, digest);
  }

  onEvent(groupId: GroupId, event: string): void {
    this.#truth.onTrace(this.#nodeId, () => `group ${groupId} ${event}`);
    this.#truth.onEvent(event);
  }

  #life(core: RaftCore): ReplicaLife {
    const life = this.#lives.get(core);
    ensure(life !== undefined, "interface", () => "a core was used before its first call was seen");
    return life;
  }

  /** A core is there: after a restart it must remember what its replica asserted. */
  #starts(core: RaftCore): void {
    const record = this.#truth.record(core.groupId, core.self);
    const life: ReplicaLife = {
      record,
      term: core.currentTerm,
      commit: core.commitIndex,
      applied: core.appliedIndex,
      durable: core.durableIndex,
      isLeader: false,
      leaderTerm: 0,
      inheritedBytes: 0,
      conf: core.conf,
      lastConfIndex: 0,
      early: new Map(),
    };
    this.#lives.set(core, life);
    this.#cores.set(core.groupId, core);
    this.#durability.onReplica(record);
    if (core.isDamaged || core.hasPromise) {
      this.#truth.onEvent("started-damaged");
      if (core.conf.voters.length === 0) this.#truth.onEvent("started-snapshot-damaged");
      ensure(
        this.#truth.mayBeDamaged(this.#nodeId) || record.isExcused,
        "recovery",
        () => `group ${core.groupId} on node ${this.#nodeId} finds damage where none was done`,
      );
    }
    checkRecovery(core, record);
    readLog(core, record);
  }

  /** Invariant 6. */
  #checkMarks(core: RaftCore, life: ReplicaLife): void {
    const { currentTerm, commitIndex, appliedIndex, lastIndex, durableIndex } = core;
    const isFine =
      currentTerm >= life.term &&
      commitIndex >= life.commit &&
      appliedIndex >= life.applied &&
      commitIndex <= lastIndex &&
      durableIndex <= lastIndex &&
      (appliedIndex <= commitIndex || isAlone(core)) &&
      (appliedIndex <= durableIndex || isAlone(core) || core.isDamaged);
    ensure(
      isFine,
      "monotony",
      () =>
        `group ${core.groupId} on ${core.self}: term ${life.term} -> ${currentTerm}, commit ${life.commit} -> ${commitIndex}, applied ${life.applied} -> ${appliedIndex}, durable ${durableIndex}, last ${lastIndex}`,
    );
  }

  /** Invariant 11 for a leader: what may wait to be committed, or what the leaders before it left behind. */
  #checkMemory(core: RaftCore, life: ReplicaLife): void {
    if (core.role !== "leader") return;
    const { uncommittedBytes } = core;
    const limit = Math.max(this.#truth.uncommittedBytesMax, life.inheritedBytes);
    ensure(
      uncommittedBytes >= 0 && uncommittedBytes <= limit,
      "memory",
      () => `group ${core.groupId}: ${uncommittedBytes} bytes wait to be committed on ${core.self}`,
    );
  }

  /** Invariants 4 and 8. */
  #checkCommit(core: RaftCore, life: ReplicaLife): void {
    const { ledger } = life.record;
    const { commitIndex, currentTerm } = core;
    for (let index = life.commit + 1; index <= commitIndex; index++) {
      ledger.commits(index, core.termAt(index), currentTerm);
      const early = life.early.get(index);
      if (early === undefined) continue;
      life.early.delete(index);
      ledger.applies(early.entry, early.digest);
    }
    if (core.role !== "leader") return;
    const term = core.termAt(commitIndex);
    const has = (voter: ReplicaId): boolean => {
      const record = this.#truth.record(core.groupId, voter);
      return record.ackedIndex >= commitIndex || record.hasDurably(commitIndex, term);
    };
    ensure(
      isQuorum(life.conf, has),
      "quorum-commit",
      () =>
        `group ${core.groupId}: ${core.self} commits ${commitIndex} without a quorum of ${describeConf(life.conf)}`,
    );
  }

  /** Invariant 7 for the replica's own log. */
  #checkDurable(core: RaftCore, life: ReplicaLife): void {
    const { durableIndex } = core;
    const { record } = life;
    life.durable = durableIndex;
    if (durableIndex === 0) return;
    const term = core.termAt(durableIndex);
    const onDisk = record.durable.log.get(durableIndex);
    ensure(
      term === undefined ||
        record.hasDurably(durableIndex, term) ||
        (record.isExcused && onDisk === undefined),
      "durability",
      () =>
        `group ${core.groupId}: ${core.self} believes ${durableIndex} of term ${term} durable; the disk has term ${onDisk}`,
    );
  }

  /** Invariants 1 and 4. */
  #checkElection(core: RaftCore, life: ReplicaLife): void {
    life.leaderTerm = core.currentTerm;
    life.inheritedBytes = core.uncommittedBytes;
    this.#truth.onEvent("leader-elected");
    life.record.ledger.leads(core.groupEpoch, core.currentTerm, core.self);
    life.record.ledger.mustBeComplete(core.currentTerm, core, core.self);
    ensure(
      !core.isDamaged,
      "leader-completeness",
      () => `group ${core.groupId}: ${core.self} leads with a damaged log`,
    );
  }

  /** Invariant 9. */
  #checkConf(core: RaftCore, life: ReplicaLife, call: string): void {
    const before = life.conf;
    life.conf = core.conf;
    if (call !== "applyConfChange" || before.voters.length === 0) return;
    this.#truth.onEvent(
      core.conf.votersOutgoing.length > 0 ? "joint-conf-entered" : "conf-changed",
    );
    const fault = confStepFault(before, core.conf);
    ensure(
      fault === undefined,
      "membership",
      () =>
        `group ${core.groupId} on ${core.self}: ${fault}: ${describeConf(before)} to ${describeConf(core.conf)}`,
    );
  }

  /** Invariants 2, 3, 4 and 9 for what goes into the log. */
  #checkEntries(core: RaftCore, life: ReplicaLife, append: Append): void {
    const { record } = life;
    let previousIndex = -1;
    let previousTerm: number | undefined;
    for (const list of [append.repairs, append.entries]) {
      for (const entry of list) {
        const before =
          previousIndex === entry.index - 1 ? previousTerm : core.termAt(entry.index - 1);
        record.ledger.writes(entry, before, () => this.#truth.commandIdOf(entry));
        this.#checkReplaced(core, record, entry);
        if (entry.type === EntryType.ConfChange) this.#checkConfEntry(core, life, entry);
        previousIndex = entry.index;
        previousTerm = entry.term;
      }
    }
    const snapshot = append.snapshot;
    if (snapshot !== undefined)
      record.ledger.commits(snapshot.index, snapshot.term, core.currentTerm);
  }

  #checkReplaced(core: RaftCore, record: ReplicaRecord, entry: Entry): void {
    const replaced = record.log.get(entry.index);
    if (replaced === undefined || replaced === entry.term) return;
    this.#truth.onEvent("entry-replaced");
    ensure(
      !(core.role === "leader" && replaced === core.currentTerm),
      "leader-append-only",
      () => `group ${core.groupId}: leader ${core.self} replaces its own entry ${entry.index}`,
    );
    ensure(
      record.ledger.committedTerm(entry.index) !== replaced,
      "committed-forever",
      () =>
        `group ${core.groupId}: ${core.self} replaces committed entry ${entry.index} of term ${replaced} by one of term ${entry.term}`,
    );
  }

  #checkConfEntry(core: RaftCore, life: ReplicaLife, entry: Entry): void {
    const isOwn = core.role === "leader" && entry.term === core.currentTerm;
    const pending = life.lastConfIndex;
    if (isOwn && pending > core.appliedIndex && pending < entry.index) {
      ensure(
        false,
        "membership",
        () => `group ${core.groupId}: change ${entry.index} while ${pending} is not applied`,
      );
    }
    life.lastConfIndex = entry.index;
  }
}

/** Invariant 7: what a message asserts is on the sender's disk at the moment it leaves. */
function checkPromise(record: ReplicaRecord, message: RaftMessage): void {
  const { durable } = record;
  const isPreVote =
    message.type === MessageType.PreVote ||
    (message.type === MessageType.PreVoteReply && !message.reject);
  if (isPreVote) return;
  ensure(
    message.term <= durable.term,
    "durability",
    () => `${describeMessage(message)} leaves while the disk has term ${durable.term}`,
  );
  record.assertedTerm = Math.max(record.assertedTerm, message.term);
  if (message.type === MessageType.RequestVote) checkVote(record, message, message.from);
  if (message.type === MessageType.RequestVoteReply && !message.reject) {
    checkVote(record, message, message.to);
  }
  if (message.type === MessageType.AppendEntriesReply && !message.reject) checkAck(record, message);
}

/** What an acknowledgement says is on the disk, though the log may have been replaced from there on since it was made. */
function checkAck(record: ReplicaRecord, message: RaftMessage): void {
  const { index } = message;
  const onDisk = record.durable.log;
  const inLog = record.log.get(index);
  const isReplaced = index < record.log.base || inLog === undefined || inLog > message.term;
  const found = onDisk.get(index);
  const isThere =
    index < onDisk.base ||
    (isReplaced ? found !== undefined && found <= message.term : found === inLog);
  // Intact entries behind a damaged one count again without being written: what was read at the start did not show them.
  const isUnknown = record.isExcused && found === undefined && inLog === undefined;
  ensure(
    isThere || isUnknown,
    "durability",
    () =>
      `${describeMessage(message)} leaves while the disk has term ${found} there, the log ${inLog}`,
  );
  if (!isReplaced || index < record.log.base) record.acks(index, found);
}

function checkVote(record: ReplicaRecord, message: RaftMessage, candidate: ReplicaId): void {
  ensure(
    record.durable.term > message.term || record.durable.vote === candidate,
    "durability",
    () => `${describeMessage(message)} leaves while the disk has a vote for ${record.durable.vote}`,
  );
  ensure(
    message.term !== record.votedTerm || record.votedFor === candidate,
    "election-safety",
    () =>
      `group ${record.groupId}: ${record.replicaId} votes for ${record.votedFor} and ${candidate} in term ${message.term}`,
  );
  if (message.term < record.votedTerm) return;
  record.votedTerm = message.term;
  record.votedFor = candidate;
}

/** After a restart: everything asserted to others is still there, or known to be missing. */
function checkRecovery(core: RaftCore, record: ReplicaRecord): void {
  const { currentTerm } = core;
  // Damage that hits a batch and all evidence of it looks like a write that was cut short: no store can tell.
  if (record.isExcused) return;
  ensure(
    currentTerm >= record.assertedTerm,
    "recovery",
    () =>
      `group ${core.groupId}: ${core.self} restarts in term ${currentTerm}, but sent term ${record.assertedTerm}`,
  );
  ensure(
    currentTerm !== record.votedTerm || core.votedFor === record.votedFor,
    "recovery",
    () =>
      `group ${core.groupId}: ${core.self} restarts with vote ${core.votedFor} in term ${currentTerm}, but voted for ${record.votedFor}`,
  );
  const isKept =
    record.ackedIndex < core.firstIndex || core.termAt(record.ackedIndex) === record.ackedTerm;
  ensure(
    isKept || core.isDamaged || core.hasPromise,
    "recovery",
    () =>
      `group ${core.groupId}: ${core.self} acknowledged ${record.ackedIndex} of term ${record.ackedTerm} and restarts with term ${core.termAt(record.ackedIndex)} there, last ${core.lastIndex}`,
  );
}

/** Takes over the log that a restarted core has: recovery made it durable before anything was acknowledged. */
function readLog(core: RaftCore, record: ReplicaRecord): void {
  const base = core.firstIndex - 1;
  for (const list of [record.log, record.durable.log]) {
    list.restart(base, core.termAt(base));
    for (let index = base + 1; index <= core.lastIndex; index++) {
      list.setLast(index, core.termAt(index));
    }
  }
  record.durable.term = core.currentTerm;
  record.durable.vote = core.votedFor;
  record.durable.commit = core.commitIndex;
  const last = Math.min(core.commitIndex, core.lastIndex);
  for (let index = base + 1; index <= last; index++) {
    record.ledger.commits(index, core.termAt(index), 0);
  }
}

function isAlone(core: RaftCore): boolean {
  return core.conf.voters.length === 1 && core.conf.voters[0] === core.self;
}

function nameOfType(type: number): string {
  for (const [name, number] of Object.entries(MessageType)) if (number === type) return name;
  return `message ${type}`;
}

function describeMessage(message: RaftMessage): string {
  const { type, groupId, from, to, term, index, logTerm, commit, hint, context } = message;
  const entries =
    message.entries.length > 0
      ? ` entries ${message.entries[0]?.index}..${message.entries.at(-1)?.index}`
      : "";
  const snapshot = message.snapshot === undefined ? "" : ` snapshot ${message.snapshot.index}`;
  return `${nameOfType(type)}${message.reject ? " (reject)" : ""} of group ${groupId} ${from}->${to} term ${term} index ${index} logTerm ${logTerm} commit ${commit} hint ${hint} context ${context}${entries}${snapshot}`;
}

function describeAppend(groupId: GroupId, append: Append): string {
  const parts = [`group ${groupId} append ${append.seq}`];
  if (append.hardState !== undefined) {
    const { currentTerm, votedFor, commitIndex } = append.hardState;
    parts.push(`term ${currentTerm} vote ${votedFor} commit ${commitIndex}`);
  }
  for (const entry of append.entries) parts.push(`${entry.index}:${entry.term}`);
  for (const entry of append.repairs) parts.push(`repair ${entry.index}:${entry.term}`);
  if (append.snapshot !== undefined) parts.push(`snapshot ${append.snapshot.index}`);
  if (append.promise !== undefined)
    parts.push(`promise ${append.promise.index}:${append.promise.term}`);
  return parts.join(" ");
}
