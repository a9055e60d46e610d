import type { Mutation } from "./mutation.ts";

/** Bugs in the log store and its recovery. */
export const STORE_MUTATIONS: readonly Mutation[] = [
  {
    id: "an error of a write is ignored",
    checklist: "65",
    edits: [
      {
        file: "store/batch-writer.ts",
        find: `      if (this.#hasFailed(writeError)) return;
`,
        replace: `      if (this.#isStopped) return;
`,
      },
    ],
  },
  {
    id: "a batch counts as durable when it is written",
    checklist: "27",
    edits: [
      {
        file: "store/hot-file-pool.ts",
        find: 'disk.open(file.path, "write-through", done)',
        replace: 'disk.open(file.path, "write", done)',
      },
    ],
  },
  {
    id: "a batch counts as durable when its write is started",
    checklist: "27",
    edits: [
      {
        file: "store/batch-writer.ts",
        find: "    handle.write(bytes, batch.position, (writeError) => {",
        replace: `    this.#deps.onDurable(batch);
    handle.write(bytes, batch.position, (writeError) => {`,
      },
    ],
  },
  {
    id: "a new log file is used before its name is durable",
    checklist: "67",
    edits: [
      {
        file: "store/hot-file-pool.ts",
        find: `      yield* call((done) => disk.rename(temporary, file.path, done));
      yield* call((done) => disk.syncDirectory(LOG_DIRECTORY, done));
`,
        replace: `      yield* call((done) => disk.rename(temporary, file.path, done));
`,
      },
    ],
  },
  {
    id: "a snapshot counts before its name is durable",
    checklist: "67",
    edits: [
      {
        file: "store/snapshot-files.ts",
        find: `    yield* call((done) => this.#disk.syncDirectory(SNAPSHOT_DIRECTORY, done));
`,
        replace: "",
      },
    ],
  },
  {
    id: "the log is compacted before the snapshot is durable",
    checklist: "55",
    edits: [
      {
        file: "store/snapshot-files.ts",
        find: `    yield* call((done) => handle.write(end, this.#size, done));
    yield* call((done) => handle.sync(done));
`,
        replace: `    yield* call((done) => handle.write(end, this.#size, done));
`,
      },
    ],
  },
  {
    id: "the old snapshot is removed before the record of the new one is durable",
    checklist: "55",
    edits: [
      {
        file: "store/snapshots.ts",
        find: `    const oldPath = this.pathOf(group);
    this.#deps.appender.snapshot(group, record, () => {
      this.remove(oldPath);`,
        replace: `    const oldPath = this.pathOf(group);
    this.remove(oldPath);
    this.#deps.appender.snapshot(group, record, () => {`,
      },
    ],
  },
  {
    id: "term and vote are not written along with entries",
    checklist: "68",
    edits: [
      {
        file: "store/log-appender.ts",
        find: `  if (!isNew) return;
`,
        replace: `  if (!isNew || append.entries.length > 0) return;
`,
      },
    ],
  },
  {
    id: "term and vote are written behind the entries of their term, in another batch",
    checklist: "68",
    edits: [
      {
        file: "store/log-appender.ts",
        find: `    writeHardState(batch, group, append);
`,
        replace: "",
      },
    ],
  },
  {
    id: "a vote in a known term is not written",
    checklist: "2",
    edits: [
      {
        file: "store/log-appender.ts",
        find: "    hardState.currentTerm !== group.currentTerm || hardState.votedFor !== group.votedFor;",
        replace: "    hardState.currentTerm !== group.currentTerm;",
      },
    ],
  },
  {
    id: "the commit index is not in the row of a batch",
    checklist: "-",
    edits: [
      {
        file: "store/batch-layout.ts",
        find: "commitIndex: group.commitIndex,",
        replace: "commitIndex: group.snapshot.index,",
      },
    ],
  },
  {
    id: "a deletion is not written",
    checklist: "76",
    edits: [
      {
        file: "store/log-appender.ts",
        find: `    writeControl(batch, headOf(group, RecordType.GroupDelete, { index: 0, term: 0 }));
`,
        replace: "",
      },
    ],
  },
  {
    id: "a deletion is forgotten by recovery",
    checklist: "76",
    edits: [
      {
        file: "store/replay.ts",
        find: `        this.delete(record.groupId, place.file);
`,
        replace: "",
      },
    ],
  },
  {
    id: "a promise is not written",
    checklist: "63",
    edits: [
      {
        file: "store/log-appender.ts",
        find: `    if (append.promise !== undefined) writePromise(batch, group, append.promise);
`,
        replace: "",
      },
    ],
  },
  {
    id: "entries that were replaced come back after a restart",
    checklist: "70",
    edits: [
      {
        file: "store/replay.ts",
        find: `    group.appendEntry(index, term, place);
`,
        replace: `    if (index > group.lastIndex) group.appendEntry(index, term, place);
`,
      },
    ],
  },
  {
    id: "entries that were replaced stay readable",
    checklist: "70",
    edits: [
      {
        file: "store/group-log.ts",
        find: `    if (index <= this.lastIndex) this.truncateFrom(index);
    // Entries`,
        replace: `    if (index < this.lastIndex) this.truncateFrom(index + 1);
    // Entries`,
      },
    ],
  },
  {
    id: "the end of the log is not written again after a restart",
    checklist: "66",
    edits: [
      {
        file: "store/node-log-store.ts",
        find: `      moveTail(tail, log.replay, output);
`,
        replace: `      log.replay.batch(tail, tail.recordsSize, this.#stamp);
`,
      },
    ],
  },
  {
    id: "the end of the log that nothing proves durable is dropped",
    checklist: "64",
    edits: [
      {
        file: "store/recovery.ts",
        find: "if (header === undefined || !span.isIntact || hasFlag(span, BATCH_FLAG_MARKER)) return;",
        replace: "if (header !== undefined) return;",
      },
    ],
  },
  {
    id: "damage in the middle of the log counts as its end",
    checklist: "63",
    edits: [
      {
        file: "store/recovery.ts",
        find: "      ({ header }) => header !== undefined && header.batchSeq > this.#provenSeq,",
        replace:
          "      ({ header, isIntact }) => header === undefined || !isIntact || header.batchSeq > this.#provenSeq,",
      },
    ],
  },
  {
    id: "a snapshot is not checked when it is read",
    checklist: "62",
    edits: [
      {
        file: "store/snapshot-files.ts",
        find: "if (checksum !== this.#checksums[block]) throw",
        replace: "if (checksum < 0) throw",
      },
    ],
  },
  {
    id: "what stands behind an installed snapshot is dropped",
    checklist: "53",
    edits: [
      {
        file: "store/log-appender.ts",
        find: "group.install(record, place, install.keepsSuffix);",
        replace: "group.install(record, place, false);",
      },
    ],
  },
  {
    id: "what stands behind an installed snapshot is kept though it disagrees",
    checklist: "53",
    edits: [
      {
        file: "store/group-log.ts",
        find: "if (!keepsSuffix || this.lastIndex <= meta.index) {",
        replace: "if (this.lastIndex <= meta.index) {",
      },
    ],
  },
  {
    id: "the last file of a full log is indexed before its batches are durable",
    checklist: "-",
    edits: [
      {
        file: "store/batch-writer.ts",
        find: `      last.isLastInFile = true;
      this.#sealing.push(job);`,
        replace: "      this.#sealed(job);",
      },
    ],
  },
  {
    id: "the index of a file tells of its groups as they stand later",
    checklist: "75",
    edits: [
      {
        file: "store/batch-writer.ts",
        find: `    if (writes.seal !== undefined) captureImage(group);
`,
        replace: "",
      },
    ],
  },
  {
    id: "a group read from an index has no vote",
    checklist: "75",
    edits: [
      {
        file: "store/seal-job.ts",
        find: "  writeGroupImage(content, group.image());",
        replace:
          "  writeGroupImage(content, { ...group.image(), hardState: { ...group.hardState, votedFor: 0 } });",
      },
    ],
  },
  {
    id: "the store goes on after a fatal error",
    checklist: "65",
    edits: [
      {
        file: "store/batch-writer.ts",
        find: `    this.stop();
    this.#deps.onFatal(error);
    return true;`,
        replace: "    return true;",
      },
    ],
  },
  {
    id: "two batches are written at once, the later one may be durable first",
    checklist: "-",
    edits: [
      {
        file: "store/batch-writer.ts",
        find: "if (this.#writing !== undefined || this.#isStopped || this.#isHolding) return;",
        replace: "if (this.#isStopped || this.#isHolding) return;",
      },
    ],
  },
  {
    id: "a chunk of a received snapshot is lost between two writes",
    checklist: "57",
    edits: [
      {
        file: "store/snapshot-receiver.ts",
        find: `    for (const earlier of this.#statePieces.splice(0)) this.#state.add(earlier);
`,
        replace: `    this.#statePieces = [];
`,
      },
    ],
  },
  {
    id: "entries that a snapshot refers to are forgotten",
    checklist: "60",
    edits: [
      {
        file: "store/group-log.ts",
        find: "    this.extents.retain(index, this.live);",
        replace: "    this.extents.retain(index, NO_RANGES);",
      },
    ],
  },
];
