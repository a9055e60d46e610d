import type { Mutation } from "./mutation.ts";

/** Bugs in changes of members and in snapshots, as the core sees them. */
export const MEMBERSHIP_MUTATIONS: readonly Mutation[] = [
  {
    id: "learners count for commits",
    checklist: "13",
    edits: [
      {
        file: "core/replication.ts",
        find: "const index = quorumValue(state.conf, (replica)",
        replace:
          "const index = quorumValue({ ...state.conf, voters: [...state.conf.voters, ...state.conf.learners] }, (replica)",
      },
    ],
  },
  {
    id: "a change of members is accepted while another is pending",
    checklist: "43",
    edits: [
      {
        file: "core/membership.ts",
        find: 'if (state.pendingConfIndex > state.appliedIndex) return "pending-conf";',
        replace: "",
      },
    ],
  },
  {
    id: "one of two majorities of a joint configuration is enough to commit",
    checklist: "46",
    edits: [
      {
        file: "core/quorum.ts",
        find: "return Math.min(incoming, majorityValue(conf.votersOutgoing, reachedBy));",
        replace: "return Math.max(incoming, majorityValue(conf.votersOutgoing, reachedBy));",
      },
    ],
  },
  {
    id: "one of two majorities of a joint configuration is enough to be elected",
    checklist: "46",
    edits: [
      {
        file: "core/quorum.ts",
        find: 'return incoming === "won" && outgoing === "won" ? "won" : "pending";',
        replace: 'return incoming === "won" || outgoing === "won" ? "won" : "pending";',
      },
    ],
  },
  {
    id: "two voters are replaced at once without a joint configuration",
    checklist: "42",
    edits: [
      {
        file: "core/conf-changer.ts",
        find: 'if (changed > 1) return refused("more than one voter changes");',
        replace: 'if (changed > 3) return refused("more than one voter changes");',
      },
    ],
  },
  {
    id: "a new leader does not leave the joint configuration of the old one",
    checklist: "51",
    edits: [
      {
        file: "core/membership.ts",
        find: 'if (state.role !== "leader" || !state.conf.autoLeave || !isJoint(state.conf)) return;',
        replace:
          'if (state.role !== "leader" || !state.conf.autoLeave || !isJoint(state.conf) || state.noopIndex > state.pendingConfIndex) return;',
      },
    ],
  },
  {
    id: "an older snapshot is installed over newer state",
    checklist: "52",
    edits: [
      {
        file: "core/follower.ts",
        find: "if (snapshot.index > state.commitIndex) return true;",
        replace: "if (snapshot.index > 0) return true;",
      },
    ],
  },
  {
    id: "the log is kept behind a snapshot though its entry there has another term",
    checklist: "53",
    edits: [
      {
        file: "core/follower.ts",
        find: "log.readableTerm(snapshot.index) === snapshot.term;",
        replace: "log.lastIndex > snapshot.index;",
      },
    ],
  },
  {
    id: "members are changed before an entry of the term is committed",
    checklist: "42",
    edits: [
      {
        file: "core/membership.ts",
        find: 'if (!state.hasCommittedInTerm) return "not-ready";',
        replace: "",
      },
    ],
  },
  {
    id: "one of two majorities of a joint configuration confirms reads",
    checklist: "46",
    edits: [
      {
        file: "core/reads.ts",
        find: "const confirmed = quorumValue(state.conf, (replica) =>",
        replace:
          "const confirmed = quorumValue({ ...state.conf, votersOutgoing: [] }, (replica) =>",
      },
    ],
  },
  {
    id: "one of two majorities of a joint configuration keeps a leader",
    checklist: "46",
    edits: [
      {
        file: "core/quorum.ts",
        find: 'return quorumVote(conf, (replica) => isIn(replica)) === "won";',
        replace:
          'return quorumVote({ ...conf, votersOutgoing: [] }, (replica) => isIn(replica)) === "won";',
      },
    ],
  },
  {
    id: "a leader that was removed leads on",
    checklist: "47",
    edits: [
      {
        file: "core/membership.ts",
        find: `    adjustProgress(state);
    stepDown(state);
    return;`,
        replace: `    adjustProgress(state);
    return;`,
      },
    ],
  },
  {
    id: "a replica campaigns with members that are out of date",
    checklist: "18",
    edits: [
      {
        file: "core/core-state.ts",
        find: `this.promise === undefined &&
      this.appliedIndex >= Math.min(this.log.lastConfChangeIndex, this.commitIndex)`,
        replace: "this.promise === undefined",
      },
    ],
  },
  {
    id: "a learner campaigns",
    checklist: "13",
    edits: [
      {
        file: "core/core-state.ts",
        find: `isVoter(this.conf, this.self) &&
`,
        replace: "",
      },
    ],
  },
  {
    id: "votes of replicas that are no voters count",
    checklist: "13",
    edits: [
      {
        file: "core/election.ts",
        find: "if (!isVoter(state.conf, message.from) || votes.has(message.from)) return;",
        replace: "if (votes.has(message.from)) return;",
      },
      {
        file: "core/quorum.ts",
        find: `const incoming = majorityVote(conf.voters, voteOf);
`,
        replace: `const incoming = majorityVote([...conf.voters, ...conf.learners], voteOf);
`,
      },
    ],
  },
  {
    id: "changes of members take effect when they are appended",
    checklist: "44",
    edits: [
      {
        file: "core/membership.ts",
        find: `  state.pendingConfIndex = entry.index;
  return entry;`,
        replace: `  state.pendingConfIndex = entry.index;
  applyChange(state, entry);
  return entry;`,
      },
    ],
  },
  {
    id: "a group of one applies ahead past a change of members",
    checklist: "-",
    edits: [
      {
        file: "core/apply.ts",
        find: "return change > state.noopIndex ? change - 1 : 0;",
        replace: "return log.contiguousLast;",
      },
    ],
  },
  {
    id: "a log that agrees with a snapshot is thrown away",
    checklist: "53",
    edits: [
      {
        file: "core/follower.ts",
        find: "snapshot.index <= state.commitIndex || log.readableTerm(snapshot.index) === snapshot.term;",
        replace: "snapshot.index < 0;",
      },
    ],
  },
  {
    id: "the members in a snapshot are not taken over",
    checklist: "45",
    edits: [
      {
        file: "core/follower.ts",
        find: `  state.conf = snapshot.conf;
`,
        replace: "",
      },
    ],
  },
  {
    id: "a snapshot that is on its way counts as durable",
    checklist: "55",
    edits: [
      {
        file: "core/core-state.ts",
        find: "return this.installing === undefined ? durable :",
        replace: "return this.installing !== null ? durable :",
      },
    ],
  },
  {
    id: "the entry that a snapshot ends with cannot be used to append",
    checklist: "54",
    edits: [
      {
        file: "core/raft-log.ts",
        find: "return index === base.index && ",
        replace: "return index < 0 && ",
      },
    ],
  },
  {
    id: "a follower that needs a snapshot is never sent entries again",
    checklist: "57",
    edits: [
      {
        file: "core/raft-core.ts",
        find: `    if (!ok) progress.pendingSnapshot = 0;
    progress.becomeProbe();`,
        replace: `    if (!ok) return;
    progress.becomeProbe();`,
      },
    ],
  },
];
