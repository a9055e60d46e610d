import { entryChecksum } from "../codec/entry-record.ts";
import type { SnapshotRecord } from "../codec/record-snapshot.ts";
import { type Entry, entrySize } from "../core/entry.ts";
import type { IndexRange } from "../core/hard-state.ts";
import type { SnapshotMeta } from "../core/message.ts";
import { type Disk, DiskError } from "../env/disk.ts";
import { ColdFileWriter } from "./cold-file-writer.ts";
import type { GroupLog } from "./group-log.ts";
import type { ReceivedSnapshot } from "./log-appender.ts";
import type { LogFile } from "./log-file.ts";
import type { LogFiles } from "./log-files.ts";
import type { SnapshotReceiver } from "./log-store.ts";
import { countOf, difference, flatten, includes, type Ranges, unflatten } from "./ranges.ts";
import type { Slicer } from "./slicer.ts";
import { SnapshotFileWriter } from "./snapshot-files.ts";
import { runTask, type Task } from "./task.ts";

export interface ReceiverDependencies {
  readonly disk: Disk;
  readonly slicer: Slicer;
  readonly stamp: number;
  readonly inlineMaxBytes: number;
  readonly files: LogFiles;
  /** The received entries' file is complete; it stays as long as this receiver wants it. */
  onFile(file: LogFile): void;
  /** It was given up: by the sender, or because it was incomplete. */
  onEnd(incoming: IncomingSnapshot): void;
  onFatal(error: unknown): void;
}

type FinishResult = "ready" | "incomplete" | "no-space";

/**
 * A snapshot that comes in from a peer. Small ones stay in memory and go into the log with the record that installs
 * them; the rest is written to files meanwhile, which count only once that record names them.
 */
export class IncomingSnapshot implements SnapshotReceiver {
  readonly group: GroupLog;
  readonly meta: SnapshotMeta;
  readonly missing: readonly IndexRange[];
  readonly #live: Ranges;
  readonly #deps: ReceiverDependencies;
  readonly #state: SnapshotFileWriter;
  readonly #wanted: Ranges;
  #missingCount: number;
  #lastIndex = 0;
  #statePieces: Uint8Array[] = [];
  #stateSize = 0;
  #entries: Entry[] = [];
  #entryBytes = 0;
  #cold: ColdFileWriter | undefined;
  #isWriting = false;
  #outcome: FinishResult | "open" | "finishing" | "aborted" = "open";
  #done: ((result: FinishResult) => void) | undefined;

  constructor(
    group: GroupLog,
    snapshot: { readonly meta: SnapshotMeta; readonly live: readonly IndexRange[] },
    deps: ReceiverDependencies,
  ) {
    this.group = group;
    this.meta = snapshot.meta;
    this.#live = flatten(snapshot.live);
    // Only what is committed is known to be the same everywhere.
    this.#wanted = difference(this.#live, group.presentThrough(group.commitIndex));
    this.#missingCount = countOf(this.#wanted);
    this.missing = unflatten(this.#wanted);
    this.#deps = deps;
    const { stamp, disk } = deps;
    this.#state = new SnapshotFileWriter(disk, deps.files.takeSeq(), {
      stamp,
      groupId: group.groupId,
      meta: snapshot.meta,
    });
  }

  /** What stays in memory, or is collected for the next write, is bounded and goes nowhere before more comes: it does not count. */
  get bufferedBytes(): number {
    const state = this.#state.isFull ? this.#state.bufferedBytes : 0;
    return state + (this.#cold?.bufferedBytes ?? 0);
  }

  get isReady(): boolean {
    return this.#outcome === "ready";
  }

  addEntries(entries: readonly Entry[]): void {
    if (this.#outcome !== "open") return;
    for (const entry of entries) {
      if (!this.#isWanted(entry)) continue;
      this.#lastIndex = entry.index;
      this.#missingCount--;
      this.#entryBytes += entrySize(entry);
      if (this.#cold === undefined) this.#entries.push(entry);
      else this.#cold.addEntry(this.group.groupId, entry);
    }
    if (this.#cold === undefined && this.#entryBytes > this.#deps.inlineMaxBytes) this.#goCold();
    this.#write();
  }

  addState(bytes: Uint8Array): void {
    if (this.#outcome !== "open") return;
    this.#stateSize += bytes.length;
    if (this.#isStateInline) {
      this.#statePieces.push(bytes);
      return;
    }
    for (const earlier of this.#statePieces.splice(0)) this.#state.add(earlier);
    this.#state.add(bytes);
    this.#write();
  }

  finish(done: (result: FinishResult) => void): void {
    if (this.#outcome === "no-space") this.#deps.slicer.defer(() => done("no-space"));
    if (this.#outcome !== "open") return;
    this.#outcome = "finishing";
    this.#done = done;
    this.#write();
  }

  abort(): void {
    if (this.#isAborted) return;
    this.#outcome = "aborted";
    // Otherwise what is being written is cleaned up when it is written.
    if (!this.#isWriting) this.#cleanUp();
  }

  /** What to install. The files' reference passes to the log. */
  take(): ReceivedSnapshot {
    const fetched = this.#cold === undefined ? undefined : this.#fetched(this.#cold.file);
    const record: SnapshotRecord = {
      meta: this.meta,
      compactTo: this.meta.index,
      compactTerm: this.meta.term,
      live: this.#live,
      stateSize: this.#stateSize,
      stateFile: this.#isStateInline ? 0 : this.#state.fileSeq,
      state: this.#isStateInline ? Buffer.concat(this.#statePieces) : undefined,
      fetched,
    };
    return { record, entries: this.#entries };
  }

  /** It is installed: nothing is left to clean up. */
  release(): void {
    this.#cold?.file.unpin();
    this.#outcome = "aborted";
    this.#cold = undefined;
    this.#entries = [];
    this.#statePieces = [];
  }

  /** Entries come in order; others than those asked for, the same again, or damaged ones are of no use. */
  #isWanted(entry: Entry): boolean {
    const { index, term, type, data } = entry;
    if (index <= this.#lastIndex || !includes(this.#wanted, index)) return false;
    return entryChecksum(this.group.groupId, index, term, type, data) === entry.crc;
  }

  get #isStateInline(): boolean {
    return this.#stateSize <= this.#deps.inlineMaxBytes;
  }

  #fetched(file: LogFile): SnapshotRecord["fetched"] {
    return { fileSeq: file.seq, ranges: this.#wanted, bytes: this.#entryBytes };
  }

  #goCold(): void {
    this.#cold = new ColdFileWriter(this.#deps.files.takeSeq(), this.#deps);
    for (const entry of this.#entries) this.#cold.addEntry(this.group.groupId, entry);
    this.#entries = [];
  }

  #write(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    runTask(this.#writeOut(), (error, result) => {
      this.#isWriting = false;
      if (error !== undefined) this.#fail(error);
      else if (this.#isAborted) this.#cleanUp();
      else if (result !== undefined) this.#report(result);
    });
  }

  /** Writes until nothing is left; returns a result if the transfer is finished. */
  *#writeOut(): Task<FinishResult | undefined> {
    for (;;) {
      const isFinishing = this.#outcome === "finishing";
      if (this.#state.isFull) yield* this.#state.flush();
      if (this.#cold !== undefined) yield* this.#cold.flush();
      if (this.#isAborted) return undefined;
      if (isFinishing) return yield* this.#complete();
      // More came while that was written.
      if (!this.#state.isFull && this.#outcome === "open") return undefined;
    }
  }

  *#complete(): Task<FinishResult> {
    if (this.#missingCount > 0) return "incomplete";
    if (!this.#isStateInline) yield* this.#state.finish();
    if (this.#cold !== undefined) {
      const file = yield* this.#cold.finish();
      file.pins++;
      this.#deps.onFile(file);
    }
    return "ready";
  }

  /** May become true during any wait. */
  get #isAborted(): boolean {
    return this.#outcome === "aborted";
  }

  #report(result: FinishResult): void {
    this.#outcome = result;
    if (result !== "ready") this.#cleanUp();
    const done = this.#done;
    this.#done = undefined;
    done?.(result);
  }

  #fail(error: unknown): void {
    if (!(error instanceof DiskError) || error.code !== "no-space") {
      this.#deps.onFatal(error);
      return;
    }
    if (this.#isAborted) this.#cleanUp();
    else this.#report("no-space");
  }

  #cleanUp(): void {
    this.#deps.onEnd(this);
    const { file } = this.#cold ?? {};
    if (file !== undefined && this.#deps.files.get(file.seq) === file) {
      // Complete but not installed: nothing refers to it, so that the compactor removes it.
      file.unpin();
      this.#cold = undefined;
    }
    runTask(this.#removeFiles(this.#cold), (error) => {
      if (error !== undefined) this.#deps.onFatal(error);
    });
    this.#cold = undefined;
    this.#entries = [];
    this.#statePieces = [];
  }

  *#removeFiles(cold: ColdFileWriter | undefined): Task<void> {
    if (cold !== undefined) yield* cold.abandon();
    if (!this.#isStateInline) yield* this.#state.abandon();
  }
}
