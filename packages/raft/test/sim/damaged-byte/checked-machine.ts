import { crc32 } from "../../../src/codec/crc32.ts";
import type { Entry } from "../../../src/core/entry.ts";
import type { IndexRange } from "../../../src/core/hard-state.ts";
import type { SnapshotMeta } from "../../../src/core/message.ts";
import type { RestoreSink, StateMachine } from "../../../src/host/state-machine.ts";
import type { SnapshotSource } from "../../../src/store/log-store.ts";

/** A command and where it is in the log. */
export interface Item {
  readonly index: number;
  readonly term: number;
  readonly text: string;
}

/** What one group has applied, whichever replica was first. Everybody else has to apply the same. */
export class Ledger {
  readonly #items = new Map<number, Item>();
  #sorted: readonly Item[] | undefined;

  /** All commands applied anywhere, in order. */
  get items(): readonly Item[] {
    this.#sorted ??= [...this.#items.values()].sort((one, other) => one.index - other.index);
    return this.#sorted;
  }

  at(index: number): Item | undefined {
    return this.#items.get(index);
  }

  /** Indexes of the commands that a state at `index` still refers to. */
  liveAt(index: number): number[] {
    let live: number[] = [];
    for (const item of this.items) {
      if (item.index > index) break;
      live = withItem(live, item);
    }
    return live;
  }

  /** A ledger that starts with what is in this one. */
  fork(): Ledger {
    const copy = new Ledger();
    for (const [index, item] of this.#items) copy.#items.set(index, item);
    return copy;
  }

  /** @throws Error if another replica applied something else there */
  onApply(item: Item): void {
    const known = this.#items.get(item.index);
    if (known === undefined) {
      this.#items.set(item.index, item);
      this.#sorted = undefined;
      return;
    }
    if (known.term !== item.term || known.text !== item.text) {
      throw new Error(`applied ${describe(item)} instead of ${describe(known)}`);
    }
  }

  /** @throws Error if `items` are not exactly all commands up to `index` */
  check(items: readonly Item[], index: number): void {
    const wanted = this.items.filter((item) => item.index <= index);
    for (const [position, item] of wanted.entries()) {
      const found = items[position];
      if (found?.index !== item.index || found.term !== item.term || found.text !== item.text) {
        throw new Error(`has ${describe(found)} instead of ${describe(item)}`);
      }
    }
    if (items.length > wanted.length) {
      throw new Error(`has ${describe(items[wanted.length])}, which was never committed`);
    }
  }
}

function describe(item: Item | undefined): string {
  if (item === undefined) return "nothing";
  return `${item.index}@${item.term} ${JSON.stringify(item.text.slice(0, 20))}`;
}

/**
 * Keeps all commands as they are, and compares each with the ledger. "keep ..." stays live in the log until "drop".
 */
export class CheckedMachine implements StateMachine {
  readonly #ledger: Ledger;
  #items: Item[] = [];
  #live: number[] = [];
  #appliedIndex = 0;
  #reclaimableBytes = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  get items(): readonly Item[] {
    return this.#items;
  }

  get reclaimableBytes(): number {
    return this.#reclaimableBytes;
  }

  apply(entry: Entry): void {
    const item = itemOf(entry);
    if (item.index <= this.#appliedIndex) throw new Error(`applied ${item.index} again`);
    this.#ledger.onApply(item);
    // The gaps are entries that are no commands: that none of those was left out is the comparison with the ledger.
    this.#appliedIndex = item.index;
    this.#items.push(item);
    this.#live = withItem(this.#live, item);
    this.#reclaimableBytes += entry.data.length;
  }

  snapshot(): SnapshotSource {
    this.#reclaimableBytes = 0;
    const bytes = Buffer.from(JSON.stringify({ items: this.#items, live: this.#live }));
    const live: IndexRange[] = this.#live.map((index) => ({ first: index, last: index }));
    let position = 0;
    return {
      live,
      next: (maxBytes): Uint8Array | undefined => {
        if (position >= bytes.length) return undefined;
        const piece = bytes.subarray(position, position + maxBytes);
        position += piece.length;
        return piece;
      },
      close: (): void => {},
    };
  }

  restore(meta: SnapshotMeta): RestoreSink {
    const pieces: Uint8Array[] = [];
    return {
      add: (bytes): void => {
        pieces.push(Buffer.from(bytes));
      },
      finish: (): void => {
        const state: { items: Item[]; live: number[] } = JSON.parse(
          Buffer.concat(pieces).toString(),
        );
        this.#ledger.check(state.items, meta.index);
        this.#items = state.items;
        this.#live = state.live;
        this.#appliedIndex = meta.index;
        this.#reclaimableBytes = 0;
      },
    };
  }

  digest(): number {
    return crc32(Buffer.from(this.#items.map(({ index }) => index).join(" ")));
  }
}

function withItem(live: number[], item: Item): number[] {
  if (item.text.startsWith("drop")) return [];
  return item.text.startsWith("keep") ? [...live, item.index] : live;
}

export function itemOf(entry: Entry): Item {
  return { index: entry.index, term: entry.term, text: Buffer.from(entry.data).toString() };
}
