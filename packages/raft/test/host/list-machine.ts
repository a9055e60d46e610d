import { crc32 } from "../../src/codec/crc32.ts";
import type { Entry } from "../../src/core/entry.ts";
import type { IndexRange } from "../../src/core/hard-state.ts";
import type { SnapshotMeta } from "../../src/core/message.ts";
import type { RestoreSink, StateMachine } from "../../src/host/state-machine.ts";
import type { SnapshotSource } from "../../src/store/log-store.ts";

/**
 * Keeps the commands applied, as text. "keep ..." stays live in the log; "drop" ends that for all; "throw" throws.
 */
export class ListMachine implements StateMachine {
  items: string[] = [];
  live: number[] = [];
  /** What a snapshot names once it was narrowed; undefined: the same. */
  needed: number[] | undefined;
  reclaimableBytes = 0;

  apply(entry: Entry): void {
    const text = Buffer.from(entry.data).toString();
    if (text === "throw") throw new Error("the machine broke");
    if (text.startsWith("keep")) this.live.push(entry.index);
    if (text === "drop") this.live = [];
    this.items.push(text);
    this.reclaimableBytes += entry.data.length;
  }

  snapshot(): SnapshotSource {
    this.reclaimableBytes = 0;
    const bytes = Buffer.from(JSON.stringify({ items: this.items, live: this.live }));
    let named = this.live;
    let position = 0;
    return {
      get live(): IndexRange[] {
        return named.map((index) => ({ first: index, last: index }));
      },
      narrow: (): void => {
        named = this.needed ?? named;
      },
      next: (maxBytes): Uint8Array | undefined => {
        if (position >= bytes.length) return undefined;
        const piece = bytes.subarray(position, position + maxBytes);
        position += piece.length;
        return piece;
      },
      close: (): void => {},
    };
  }

  restore(_meta: SnapshotMeta): RestoreSink {
    const pieces: Uint8Array[] = [];
    return {
      add: (bytes): void => {
        pieces.push(Buffer.from(bytes));
      },
      finish: (): void => {
        const { items, live } = JSON.parse(Buffer.concat(pieces).toString());
        this.items = items;
        this.live = live;
        this.reclaimableBytes = 0;
      },
    };
  }

  digest(): number {
    return crc32(Buffer.from(this.items.join("\n")));
  }
}
