import type { Mutation } from "./mutation.ts";

/** Bugs in elections, replication and reads. */
export const CORE_MUTATIONS: readonly Mutation[] = [
  {
    id: "votes compare the last index only",
    checklist: "1",
    edits: [
      {
        file: "core/election.ts",
        find: "return !isAhead(state.votePosition, { term: message.logTerm, index: message.index });",
        replace: "return message.index >= state.votePosition.index;",
      },
    ],
  },
  {
    id: "votes do not look at the candidate's log",
    checklist: "1",
    edits: [
      {
        file: "core/election.ts",
        find: "return !isAhead(state.votePosition, { term: message.logTerm, index: message.index });",
        replace: "return message.index >= 0;",
      },
    ],
  },
  {
    id: "a vote leaves before it is durable",
    checklist: "2",
    edits: [
      {
        file: "core/election.ts",
        find: "state.sendAfter({ type: MessageType.RequestVoteReply, to: message.from, reject: !isGranted });",
        replace:
          "state.messages.push(state.messageTo({ type: MessageType.RequestVoteReply, to: message.from, reject: !isGranted }));",
      },
    ],
  },
  {
    id: "a request for votes leaves, and the own vote counts, before the vote is durable",
    checklist: "3",
    edits: [
      {
        file: "core/election.ts",
        find: "if (type === MessageType.RequestVote) state.sendAfter(fields);",
        replace:
          "if (type === MessageType.RequestVote) state.messages.push(state.messageTo(fields));",
      },
      {
        file: "core/election.ts",
        find: "state.votes = new Map();",
        replace: "state.votes = new Map([[state.self, true]]);",
      },
    ],
  },
  {
    id: "votes of an older term are counted",
    checklist: "5",
    edits: [
      {
        file: "core/raft-core.ts",
        find: "} else if (message.term < state.currentTerm) {",
        replace:
          "} else if (message.term < state.currentTerm && message.type !== MessageType.RequestVoteReply) {",
      },
    ],
  },
  {
    id: "a vote is taken back within its term",
    checklist: "6",
    edits: [
      {
        file: "core/core-state.ts",
        find: "if (term > this.currentTerm) this.setTerm(term, NONE);",
        replace: "this.setTerm(term, NONE);",
      },
    ],
  },
  {
    id: "a vote is given twice in a term",
    checklist: "6",
    edits: [
      {
        file: "core/election.ts",
        find: "const isFree = state.votedFor === NONE ? state.leader === NONE : state.votedFor === message.from;",
        replace: "const isFree = state.leader === NONE;",
      },
      {
        file: "core/election.ts",
        find: "if (state.votedFor === NONE) state.setTerm",
        replace: "if (state.votedFor !== message.from) state.setTerm",
      },
    ],
  },
  {
    id: "half of the voters is a majority",
    checklist: "17",
    edits: [
      {
        file: "core/quorum.ts",
        find: "return Math.floor(count / 2) + 1;",
        replace: "return Math.ceil(count / 2);",
      },
    ],
  },
  {
    id: "a minority commits",
    checklist: "17",
    edits: [
      {
        file: "core/quorum.ts",
        find: "return values[majority(voters.length) - 1] ?? 0;",
        replace: "return values[majority(voters.length) - 2] ?? values[0] ?? 0;",
      },
    ],
  },
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
    id: "no no-op at the start of a term, and reads as if there were one",
    checklist: "22",
    edits: [
      {
        file: "core/election.ts",
        find: "state.noopIndex = appendEntry(state, EntryType.Noop, state.config.noopData).index;",
        replace: "state.noopIndex = 0;",
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
    id: "a vote that arrives twice counts twice",
    checklist: "4",
    edits: [
      {
        file: "core/election.ts",
        find: `if (!isVoter(state.conf, message.from) || votes.has(message.from)) return;
  votes.set(message.from, !message.reject);`,
        replace: `if (!isVoter(state.conf, message.from)) return;
  const place = votes.has(message.from) ? allVoters(state.conf).find((voter) => !votes.has(voter)) : message.from;
  votes.set(place ?? message.from, !message.reject);`,
      },
    ],
  },
  {
    id: "a higher term in an answer is ignored",
    checklist: "7",
    edits: [
      {
        file: "core/message-rules.ts",
        find: "if (message.type === MessageType.PreVote) return false;",
        replace: `if (message.type === MessageType.PreVote) return false;
  if (message.type === MessageType.AppendEntriesReply) return false;
  if (message.type === MessageType.HeartbeatReply) return false;`,
      },
    ],
  },
  {
    id: "the term of a pre-vote is adopted",
    checklist: "7",
    edits: [
      {
        file: "core/message-rules.ts",
        find: "if (message.type === MessageType.PreVote) return false;",
        replace: "",
      },
    ],
  },
  {
    id: "a pre-vote resets the election timer",
    checklist: "8",
    edits: [
      {
        file: "core/election.ts",
        find: "const isGranted = message.term > state.currentTerm && isUpToDate(state, message);",
        replace: `const isGranted = message.term > state.currentTerm && isUpToDate(state, message);
  state.electionElapsed = 0;`,
      },
    ],
  },
  {
    id: "a granted pre-vote is remembered as a vote",
    checklist: "8",
    edits: [
      {
        file: "core/election.ts",
        find: "const isGranted = message.term > state.currentTerm && isUpToDate(state, message);",
        replace: `const isGranted = message.term > state.currentTerm && isUpToDate(state, message);
  if (isGranted) state.setTerm(state.currentTerm, message.from);`,
      },
    ],
  },
  {
    id: "a candidate does not answer a pre-vote of a lower term",
    checklist: "9",
    edits: [
      {
        file: "core/raft-core.ts",
        find: "state.sendAfter({ type: MessageType.PreVoteReply, to, reject: true });",
        replace: "",
      },
    ],
  },
  {
    id: "an old leader is not told that its term is over",
    checklist: "10",
    edits: [
      {
        file: "core/raft-core.ts",
        find: "state.sendAfter({ type, to, reject: true, index, hint, context: hint });",
        replace: "",
      },
    ],
  },
  {
    id: "followers are not loyal to a leader that is alive",
    checklist: "11",
    edits: [
      {
        file: "core/election.ts",
        find: "return !isTransfer && isLoyal(state);",
        replace: "return false;",
      },
    ],
  },
  {
    id: "all replicas have the same election timeout",
    checklist: "12",
    edits: [
      {
        file: "core/core-state.ts",
        find: "this.randomizedTimeout = electionTicks + this.random.below(electionTicks);",
        replace: "this.randomizedTimeout = electionTicks;",
      },
    ],
  },
  {
    id: "a leader that no quorum answers leads on",
    checklist: "14",
    edits: [
      {
        file: "core/leader.ts",
        find: `    if (!checkQuorum(state)) return;
`,
        replace: "",
      },
    ],
  },
  {
    id: "messages leave before the term that they carry is durable",
    checklist: "2",
    edits: [
      {
        file: "core/core-state.ts",
        find: "if (this.isHardStateDirty || this.durableTerm !== this.currentTerm) this.sendAfter(fields);",
        replace: "if (this.currentTerm === 0) this.sendAfter(fields);",
      },
    ],
  },
  {
    id: "a transfer never ends",
    checklist: "19",
    edits: [
      {
        file: "core/leader.ts",
        find: `if (state.transferee !== NONE && ++state.transferElapsed >= state.config.electionTicks) {
    abortTransfer(state);
  }`,
        replace: "",
      },
    ],
  },
  {
    id: "a replica that lacks entries is told to take over",
    checklist: "19",
    edits: [
      {
        file: "core/leader.ts",
        find: "if (progress === undefined || progress.match !== state.log.lastIndex) return;",
        replace: "if (progress === undefined) return;",
      },
    ],
  },
  {
    id: "proposals are taken while leadership is handed over",
    checklist: "19",
    edits: [
      {
        file: "core/raft-core.ts",
        find: 'return transferee === NONE ? undefined : this.#refuse("transferring");',
        replace: 'return transferee >= NONE ? undefined : this.#refuse("transferring");',
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
