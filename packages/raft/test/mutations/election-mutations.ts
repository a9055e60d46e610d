import type { Mutation } from "./mutation.ts";

/** Bugs in elections and in handing over leadership. */
export const ELECTION_MUTATIONS: readonly Mutation[] = [
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
        find: "state.sendAfter({ ...fields, ...commitProof(state) });",
        replace: "state.messages.push(state.messageTo({ ...fields, ...commitProof(state) }));",
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
];
