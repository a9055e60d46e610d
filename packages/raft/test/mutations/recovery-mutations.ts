import type { Mutation } from "./mutation.ts";

/** Bugs in the repair of damaged logs, in hibernation and in what a replica lets through. */
export const RECOVERY_MUTATIONS: readonly Mutation[] = [
  {
    id: "a replica with a damaged log campaigns",
    checklist: "63",
    edits: [
      {
        file: "core/core-state.ts",
        find: "this.log.holes.isEmpty &&\n      this.promise === undefined &&",
        replace: "",
      },
    ],
  },
  {
    id: "damaged entries count as durable",
    checklist: "63",
    edits: [
      {
        file: "core/core-state.ts",
        find: "this.stableIndex, this.log.contiguousLast, ",
        replace: "this.stableIndex, ",
      },
    ],
  },
  {
    id: "what this replica promised is not kept when it votes",
    checklist: "63",
    edits: [
      {
        file: "core/core-state.ts",
        find: "return promise !== undefined && isAhead(promise, last) ? promise : last;",
        replace: "return last;",
      },
    ],
  },
  {
    id: "a hole is acknowledged",
    checklist: "63",
    edits: [
      {
        file: "core/raft-log.ts",
        find: "return first === undefined ? this.#lastIndex : first - 1;",
        replace: "return first === undefined ? this.#lastIndex : this.#lastIndex;",
      },
    ],
  },
  {
    id: "what fills a hole is not compared with what stands behind it",
    checklist: "-",
    edits: [
      {
        file: "core/raft-log.ts",
        find: "if (join > this.#lastIndex || this.holes.has(join)) return;",
        replace: "return;",
      },
    ],
  },
  {
    id: "what fills a hole counts as durable at once",
    checklist: "63",
    edits: [
      {
        file: "core/core-state.ts",
        find: "this.log.contiguousLast, this.#firstRepair - 1);",
        replace: "this.log.contiguousLast);",
      },
    ],
  },
  {
    id: "what fills a hole replaces all that stands behind it",
    checklist: "63",
    edits: [
      {
        file: "core/follower.ts",
        find: `    if (known === undefined && !supersedesTail(state, entry)) {
      log.repair(entry);
      continue;
    }
`,
        replace: "",
      },
    ],
  },
  {
    id: "a promise is kept after only a part of it is fulfilled",
    checklist: "63",
    edits: [
      {
        file: "core/follower.ts",
        find: "if (isAhead(promise, log.lastPosition())) return;",
        replace: "",
      },
    ],
  },
  {
    id: "a replica that forgot what it acknowledged is not noticed",
    checklist: "20",
    edits: [
      {
        file: "core/leader.ts",
        find: "  if (last >= match) return false;",
        replace: "  if (last >= 0) return false;",
      },
    ],
  },
  {
    id: "a replica that forgot what it acknowledged still counts for it",
    checklist: "20",
    edits: [
      {
        file: "core/leader.ts",
        find: `  from.match = 0;
  from.becomeProbe();
  from.next = last + 1;`,
        replace: `  from.becomeProbe();
  from.next = last + 1;`,
      },
    ],
  },
  {
    id: "a replica is not told what it promised and forgot",
    checklist: "20",
    edits: [
      {
        file: "core/leader.ts",
        find: `  state.send({
    type: MessageType.Promise,`,
        replace: `  if (from.forgotten < 0) state.send({
    type: MessageType.Promise,`,
      },
    ],
  },
  {
    id: "a follower does not report damage to its leader",
    checklist: "63",
    edits: [
      {
        file: "core/damage.ts",
        find: 'if (log.holes.isEmpty || state.role !== "follower"',
        replace: 'if (state.commitIndex >= 0 || state.role !== "follower"',
      },
    ],
  },
  {
    id: "a leader that finds damage leads on",
    checklist: "63",
    edits: [
      {
        file: "core/damage.ts",
        find: `if (state.role === "leader") stepDown(state);
  else if (state.role !== "follower")`,
        replace: 'if (state.role !== "follower" && state.role !== "leader")',
      },
    ],
  },
  {
    id: "a group falls asleep though a follower lacks entries",
    checklist: "91",
    edits: [
      {
        file: "core/hibernation.ts",
        find: "if (isAlive(member.replica) && member.match !== last) return false;",
        replace: "",
      },
    ],
  },
  {
    id: "a follower with another log falls asleep with its leader",
    checklist: "91",
    edits: [
      {
        file: "core/hibernation.ts",
        find: "  if (!isSame) {",
        replace: "  if (!isSame && log.lastIndex < message.index) {",
      },
    ],
  },
  {
    id: "a sleeping follower stays loyal to a leader whose node is gone",
    checklist: "91",
    edits: [
      {
        file: "core/election.ts",
        find: "return state.config.isNodeAlive(state.leader);",
        replace: "return true;",
      },
    ],
  },
  {
    id: "a message does not wake a sleeping group",
    checklist: "91",
    edits: [
      {
        file: "core/raft-core.ts",
        find: "if (message.type !== MessageType.Hibernate && !isLateNotice(state, message)) state.wake();",
        replace: "",
      },
    ],
  },
  {
    id: "a proposal does not wake a sleeping group",
    checklist: "91",
    edits: [
      {
        file: "core/raft-core.ts",
        find: `    state.wake();
    const { index, term } = appendEntry(`,
        replace: "    const { index, term } = appendEntry(",
      },
    ],
  },
  {
    id: "a message of another life of the group is taken",
    checklist: "36",
    edits: [
      {
        file: "core/raft-core.ts",
        find: 'if (message.epoch !== config.groupEpoch) return "other-epoch";',
        replace: "",
      },
    ],
  },
  {
    id: "a message to another replica is taken",
    checklist: "102",
    edits: [
      {
        file: "core/raft-core.ts",
        find: 'if (message.to !== config.self) return "other-replica";',
        replace: "",
      },
    ],
  },
  {
    id: "a message with entries out of order is taken",
    checklist: "39",
    edits: [
      {
        file: "core/raft-core.ts",
        find: 'return message.entries.length > 0 && !areInOrder(message) ? "entries-out-of-order" : "";',
        replace: 'return "";',
      },
    ],
  },
];
