import type { Entry, RestoreSink, SnapshotMeta, SnapshotSource, StateMachine } from "@leveret/raft";

/** Adds up numbers: each command is one signed 32-bit integer. */
export class SumMachine implements StateMachine {
  sum = 0;
  /** A snapshot is never worth while for eight bytes of state, unless someone asks. */
  readonly reclaimableBytes = 0;

  apply(entry: Entry): void {
    const { data } = entry;
    this.sum += new DataView(data.buffer, data.byteOffset, data.byteLength).getInt32(0);
  }

  snapshot(): SnapshotSource {
    const state = new DataView(new ArrayBuffer(8));
    state.setFloat64(0, this.sum);
    let isTaken = false;
    return {
      live: [],
      next(): Uint8Array | undefined {
        if (isTaken) return undefined;
        isTaken = true;
        return new Uint8Array(state.buffer);
      },
      close(): void {
        isTaken = true;
      },
    };
  }

  restore(_meta: SnapshotMeta): RestoreSink {
    const bytes: number[] = [];
    return {
      add: (piece): void => {
        bytes.push(...piece);
      },
      finish: (): void => {
        if (bytes.length !== 8) throw new Error("a snapshot of a sum has eight bytes");
        this.sum = new DataView(Uint8Array.from(bytes).buffer).getFloat64(0);
      },
    };
  }

  digest(): number {
    return this.sum | 0;
  }
}

/** The command that adds `number`. */
export function add(number: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, number);
  return bytes;
}
