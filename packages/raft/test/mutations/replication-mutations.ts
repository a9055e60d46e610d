import type { Mutation } from "./mutation.ts";

/** Bugs in replication, commits and reads. */
export const REPLICATION_MUTATIONS: readonly Mutation[] = [
  {
    id: "entries of former terms are committed by counting replicas (figure 8)",
    checklist: "21",
    edits: [
      {
        file: "core/replication.ts",
        find: "if (state.log.term(index) !== state.currentTerm) return false;",
        replace: "",
      },
    ],
  },
  {
    id: "every AppendEntries cuts the log",
    checklist: "23",
    edits: [
      {
        file: "core/follower.ts",
        find: "if (known === entry.term) {",
        replace: "if (known === entry.term && entry.index < 0) {",
      },
    ],
  },
  {
    id: "a conflicting entry is kept",
    checklist: "24",
    edits: [
      {
        file: "core/follower.ts",
        find: "if (known === entry.term) {",
        replace: "if (known !== undefined) {",
      },
    ],
  },
  {
    id: "the commit index follows the leader's beyond what the message verified",
    checklist: "25",
    edits: [
      {
        file: "core/follower.ts",
        find: "state.commitTo(Math.min(message.commit, lastNew));",
        replace: "state.commitTo(Math.min(message.commit, log.lastIndex));",
      },
    ],
  },
  {
    id: "a heartbeat tells the leader's commit index, and the follower believes it",
    checklist: "26",
    edits: [
      {
        file: "core/replication.ts",
        find: "commit: Math.min(progress.match, state.commitIndex),",
        replace: "commit: state.commitIndex,",
      },
      {
        file: "core/follower.ts",
        find: "state.commitTo(Math.min(message.commit, state.verifiedIndex));",
        replace: "state.commitTo(Math.min(message.commit, state.log.contiguousLast));",
      },
    ],
  },
  {
    id: "entries are acknowledged before they are durable",
    checklist: "27",
    edits: [
      {
        file: "core/follower.ts",
        find: `function acknowledge(state: CoreState, message: RaftMessage, index: number): void {
  state.sendAfter({`,
        replace: `function acknowledge(state: CoreState, message: RaftMessage, index: number): void {
  state.send({`,
      },
    ],
  },
  {
    id: "the end of the log is acknowledged instead of what the message verified",
    checklist: "28",
    edits: [
      {
        file: "core/follower.ts",
        find: "acknowledge(state, message, lastNew);",
        replace: "acknowledge(state, message, log.contiguousLast);",
      },
    ],
  },
  {
    id: "acknowledgements of an older term are counted",
    checklist: "29",
    edits: [
      {
        file: "core/raft-core.ts",
        find: "} else if (message.term < state.currentTerm) {",
        replace:
          "} else if (message.term < state.currentTerm && message.type !== MessageType.AppendEntriesReply) {",
      },
    ],
  },
  {
    id: "the completion of a replaced append makes newer entries durable (ABA)",
    checklist: "30",
    edits: [
      {
        file: "core/append-pipeline.ts",
        find: "append.stableUpTo = Math.min(append.stableUpTo, from - 1);",
        replace: "append.stableUpTo = Math.max(append.stableUpTo, from - 1);",
      },
    ],
  },
  {
    id: "lost messages are never found: a paused follower stays paused",
    checklist: "31",
    edits: [
      {
        file: "core/leader.ts",
        find: "from.isFlowPaused = false;\n  if (message.commit",
        replace: "if (message.commit",
      },
      {
        file: "core/raft-core.ts",
        find: 'if (progress?.state === "replicate") progress.becomeProbe();',
        replace: "",
      },
    ],
  },
  {
    id: "places in the window are never given back",
    checklist: "32",
    edits: [
      {
        file: "core/leader.ts",
        find: "from.inflights.freeUpTo(index);",
        replace: "",
      },
    ],
  },
  {
    id: "the leader counts its own entries before they are durable",
    checklist: "27",
    edits: [
      {
        file: "core/raft-core.ts",
        find: "own.match = Math.max(own.match, state.durableIndex);",
        replace: "own.match = Math.max(own.match, state.log.lastIndex);",
      },
    ],
  },
  {
    id: "committed entries are applied before they are durable here",
    checklist: "56",
    edits: [
      {
        file: "core/apply.ts",
        find: "Math.min(state.commitIndex, state.durableIndex), aheadLimit",
        replace: "state.commitIndex, aheadLimit",
      },
    ],
  },
  {
    id: "reads are served before the term's no-op is committed",
    checklist: "84",
    edits: [
      {
        file: "core/reads.ts",
        find: "if (!state.needsReadRound || !state.hasCommittedInTerm) return;",
        replace: "if (!state.needsReadRound) return;",
      },
    ],
  },
  {
    id: "reads are served without a round of heartbeats",
    checklist: "84",
    edits: [
      {
        file: "core/reads.ts",
        find: "if (read.round === 0 || read.round > confirmed) waiting.push(read);",
        replace: "if (read.round === 0) waiting.push(read);",
      },
    ],
  },
  {
    id: "what a follower has acknowledged falls with a late acknowledgement",
    checklist: "29",
    edits: [
      {
        file: "core/progress.ts",
        find: "if (index <= this.match) return false;",
        replace: "",
      },
    ],
  },
  {
    id: "one index after the other is tried",
    checklist: "33",
    edits: [
      {
        file: "core/progress.ts",
        find: "this.next = Math.max(Math.min(rejected, hint + 1), this.match + 1);",
        replace: "this.next = Math.max(rejected, this.match + 1);",
      },
    ],
  },
  {
    id: "a leader takes proposals without limit",
    checklist: "34",
    edits: [
      {
        file: "core/raft-core.ts",
        find: 'if (isOver && state.uncommittedBytes > 0) return this.#refuse("busy");',
        replace: 'if (isOver && state.uncommittedBytes < 0) return this.#refuse("busy");',
      },
    ],
  },
  {
    id: "entries that replace others are not handed to storage",
    checklist: "70",
    edits: [
      {
        file: "core/raft-log.ts",
        find: "this.#nextToHand = Math.min(this.#nextToHand, from);",
        replace: "",
      },
    ],
  },
  {
    id: "the commit index is not written along with entries",
    checklist: "-",
    edits: [
      {
        file: "core/build-ready.ts",
        find: "if (!hasEntries && !state.isHardStateDirty && state.snapshotToHand === undefined)",
        replace:
          "if (!(hasEntries && state.isHardStateDirty) && !state.isHardStateDirty && state.snapshotToHand === undefined)",
      },
    ],
  },
  {
    id: "appends are taken to be durable as soon as they are handed over",
    checklist: "27",
    edits: [
      {
        file: "core/build-ready.ts",
        find: "  const promise = takePromise(state);",
        replace: `  state.stableIndex = Math.max(state.stableIndex, entries[entries.length - 1]?.index ?? 0);
  const promise = takePromise(state);`,
      },
    ],
  },
  {
    id: "an answer to an older round of heartbeats counts for a newer one",
    checklist: "84",
    edits: [
      {
        file: "core/leader.ts",
        find: "onRoundAcknowledged(state, from, message.context);",
        replace: "onRoundAcknowledged(state, from, state.readRound);",
      },
    ],
  },
  {
    id: "reads get the index that the leader has applied",
    checklist: "84",
    edits: [
      {
        file: "core/reads.ts",
        find: "read.index = state.commitIndex;",
        replace: "read.index = state.appliedIndex;",
      },
    ],
  },
  {
    id: "a leader counts as committed what it applied ahead of its disk",
    checklist: "56",
    edits: [
      {
        file: "core/raft-core.ts",
        find: "own.match = Math.max(own.match, state.durableIndex);",
        replace: "own.match = Math.max(own.match, state.durableIndex, state.appliedIndex);",
      },
    ],
  },
];
