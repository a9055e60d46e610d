import type { Mutation } from "./mutation.ts";

/** Bugs in the host: order of calls, outcomes of proposals and reads, applying, snapshots, sleep. */
export const HOST_MUTATIONS: readonly Mutation[] = [
  {
    id: "callers that a turn has no time for never hear their outcome",
    checklist: "-",
    edits: [
      {
        file: "host/completions.ts",
        find: "else this.#waiting = this.#waiting.slice(this.#head);",
        replace: "else this.#waiting = [];",
      },
      {
        file: "host/completions.ts",
        find: "const COMPACT_AT = 512;",
        replace: "const COMPACT_AT = 1;",
      },
    ],
  },
  {
    id: "messages that wait for an append are sent at once",
    checklist: "27",
    edits: [
      {
        file: "host/group-runner.ts",
        find: "if (append.after.length > 0) this.#waiting.push({ seq: append.seq, messages: append.after });",
        replace: "for (const message of append.after) this.#send(message);",
      },
    ],
  },
  {
    id: "messages are sent one append too early",
    checklist: "27",
    edits: [
      {
        file: "host/group-runner.ts",
        find: "if (waitsFor > seq) break;",
        replace: "if (waitsFor > seq + 1) break;",
      },
    ],
  },
  {
    id: "the core hears only of the newest durable append",
    checklist: "-",
    edits: [
      {
        file: "host/group-runner.ts",
        find: `      this.#durableSeq++;
`,
        replace: `      this.#durableSeq = seq;
`,
      },
    ],
  },
  {
    id: "a proposal is resolved by its index only",
    checklist: "37",
    finders: ["scenarios"],
    edits: [
      {
        file: "host/pending-proposals.ts",
        find: "if (item.index === index && item.term === term) {",
        replace: "if (item.index === index) {",
      },
    ],
  },
  {
    id: "a proposal is confirmed when it is applied, durable or not",
    checklist: "86",
    edits: [
      {
        file: "host/group-requests.ts",
        find: "this.#proposals?.onDurable(this.#runner.core.commitIndex);",
        replace: "this.#proposals?.onDurable(this.#runner.core.lastIndex);",
      },
    ],
  },
  {
    id: "a deposed leader confirms what it could not replicate",
    checklist: "86",
    edits: [
      {
        file: "host/pending-proposals.ts",
        find: "    for (const item of lost) this.#settler.settle(item, UNKNOWN);",
        replace:
          '    for (const item of lost) this.#settler.settle(item, { kind: "applied", index: item.index, term: item.term });',
      },
    ],
  },
  {
    id: "a read is answered before its index is applied",
    checklist: "84",
    edits: [
      {
        file: "host/pending-reads.ts",
        find: "this.#answered = answered.filter((round) => round.index > appliedIndex);",
        replace: "this.#answered = [];",
      },
      {
        file: "host/pending-reads.ts",
        find: "if (round.index <= appliedIndex) this.#settle",
        replace: "this.#settle",
      },
    ],
  },
  {
    id: "after a restart, entries between snapshot and commit index are not applied",
    checklist: "82",
    edits: [
      {
        file: "host/group-starter.ts",
        find: "const init = { hardState, conf: meta.conf, applied: meta.index, holes, promise };",
        replace:
          "const init = { hardState, conf: meta.conf, applied: Math.max(meta.index, hardState.commitIndex), holes, promise };",
      },
    ],
  },
  {
    id: "entries that a snapshot holds are applied once more after it",
    checklist: "82",
    finders: ["scenarios"],
    edits: [
      {
        file: "host/group-applier.ts",
        find: `    this.#queue.dropTo(meta.index);
`,
        replace: "",
      },
      {
        file: "host/group-applier.ts",
        find: `  startReplacing(): void {
    this.#queue.clear();`,
        replace: "  startReplacing(): void {",
      },
    ],
  },
  {
    id: "applying goes on while the state is replaced by a snapshot",
    checklist: "57",
    finders: ["scenarios"],
    edits: [
      {
        file: "host/group-applier.ts",
        find: "return !this.#queue.isEmpty && !this.#isHeld && !this.#isReplacing;",
        replace: "return !this.#queue.isEmpty && !this.#isHeld;",
      },
    ],
  },
  {
    id: "a state is saved that is ahead of the disk",
    checklist: "56",
    edits: [
      {
        file: "host/group-snapshotter.ts",
        find: "this.#applier.appliedIndex <= Math.min(core.commitIndex, durable);",
        replace: "this.#applier.appliedIndex >= 0;",
      },
    ],
  },
  {
    id: "a snapshot is saved with the index that is committed, not the one that is applied",
    checklist: "56",
    edits: [
      {
        file: "host/group-snapshotter.ts",
        find: `    const index = this.#applier.appliedIndex;
    const meta`,
        replace: `    const index = core.commitIndex;
    const meta`,
      },
    ],
  },
  {
    id: "a missing chunk of a snapshot is not noticed",
    checklist: "57",
    finders: ["scenarios"],
    edits: [
      {
        file: "host/snapshot-inbox.ts",
        find: "if (chunk.seq > incoming.nextSeq || !this.#take(incoming, chunk)) {",
        replace: "if (!this.#take(incoming, chunk)) {",
      },
    ],
  },
  {
    id: "a chunk of a snapshot is taken twice",
    checklist: "57",
    finders: ["scenarios"],
    edits: [
      {
        file: "host/snapshot-inbox.ts",
        find: "if (chunk.seq < incoming.nextSeq || incoming.isFinishing) return;",
        replace: "if (incoming.isFinishing) return;",
      },
    ],
  },
  {
    id: "an entry is skipped when a slice of applying ends",
    checklist: "-",
    finders: ["scenarios"],
    edits: [
      {
        file: "host/group-applier.ts",
        find: "if (count % ENTRIES_PER_LOOK === ENTRIES_PER_LOOK - 1 && budget.isUsedUp()) break;",
        replace:
          "if (count % ENTRIES_PER_LOOK === ENTRIES_PER_LOOK - 1 && this.#queue.shift() === undefined && budget.isUsedUp()) break;",
      },
    ],
  },
  {
    id: "the change of members is not applied by the core when the host reaches it",
    checklist: "44",
    edits: [
      {
        file: "host/group-applier.ts",
        find: "if (entry.index <= this.forcedIndex) return true;",
        replace:
          "if (entry.index <= Math.max(this.forcedIndex, core.durableIndex - 1)) return true;",
      },
    ],
  },
  {
    id: "any leader may remove a replica that it does not know",
    checklist: "48",
    edits: [
      {
        file: "host/group-fence.ts",
        find: `    if (isMember(core.conf, message.from)) return;
`,
        replace: "",
      },
    ],
  },
  {
    id: "a damaged chunk of a snapshot is taken",
    checklist: "62",
    finders: ["scenarios"],
    edits: [
      {
        file: "host/snapshot-inbox.ts",
        find: "if (!chunk.isIntact) return false;",
        replace: "",
      },
    ],
  },
  {
    id: "nobody notices that the node of a leader is gone",
    checklist: "91",
    finders: ["scenarios"],
    edits: [
      {
        file: "host/group-waker.ts",
        find: "    this.#electWhereLeading(peer, () => true);\n",
        replace: "",
      },
    ],
  },
  {
    id: "nobody notices that the node of a leader has restarted",
    checklist: "91",
    finders: ["scenarios"],
    edits: [
      {
        file: "host/group-waker.ts",
        find: "if (hasRestarted) this.leaderIsGone(runner, peer);\n    else this.probe(runner);",
        replace: "this.probe(runner);",
      },
    ],
  },
];
