import type { Entry } from "../core/entry.ts";
import type { IndexRange } from "../core/hard-state.ts";
import type { SnapshotMeta } from "../core/message.ts";
import type { RestoreSink, StateMachine } from "../host/state-machine.ts";
import type { SnapshotSource } from "../store/log-store.ts";

/** A command of the simulated machine. */
export interface SimCommand {
  /** Unique in a simulation, from 1. */
  readonly id: number;
  /** Whether the machine goes on referring to the entry until it is settled, like a queue to a message. */
  readonly isKept: boolean;
  /** How many of the oldest kept entries this command settles. */
  readonly settles: number;
  /** Value for the machine's register, read by clients. */
  readonly value: number;
}

const COMMAND_HEADER_BYTES = 14;

/** `size` bytes in all, at least a header's; what is not header is filled with a pattern of the id. */
export function encodeCommand(command: SimCommand, size: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(size, COMMAND_HEADER_BYTES));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, command.id);
  view.setUint8(4, command.isKept ? 1 : 0);
  view.setUint8(5, command.settles);
  view.setFloat64(6, command.value);
  bytes.fill(command.id & 0xff, COMMAND_HEADER_BYTES);
  return bytes;
}

/** @throws RangeError if the bytes are too short */
export function decodeCommand(bytes: Uint8Array): SimCommand {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    id: view.getUint32(0),
    isKept: view.getUint8(4) === 1,
    settles: view.getUint8(5),
    value: view.getFloat64(6),
  };
}

/** An entry that the machine still refers to. */
export interface KeptEntry {
  readonly index: number;
  readonly crc: number;
  readonly size: number;
}

interface MachineState {
  /** Commands applied. */
  count: number;
  /** Chain over all commands applied, in order. */
  chain: number;
  /** Of the kept entries, in any order. */
  keptHash: number;
  register: number;
  lastId: number;
}

const STATE_HEADER_BYTES = 28;
const KEPT_BYTES = 16;

/** Kept entries are dropped, oldest first, above this number: the machine's state stays small. */
const KEPT_MAX = 64;

/**
 * The machine that simulated groups run. It resembles a queue: it refers to entries until later commands settle them, so
 * that live entries, compaction and snapshot transfer have work; and it has a register for linearizable reads.
 */
export class SimMachine implements StateMachine {
  #state: MachineState = { count: 0, chain: 0x1234_5678, keptHash: 0, register: 0, lastId: 0 };
  #kept: KeptEntry[] = [];
  #reclaimable = 0;

  get reclaimableBytes(): number {
    return this.#reclaimable;
  }

  /** Value of the last command. */
  get register(): number {
    return this.#state.register;
  }

  get count(): number {
    return this.#state.count;
  }

  /** Oldest first. */
  get kept(): readonly KeptEntry[] {
    return this.#kept;
  }

  apply(entry: Entry): void {
    // The proposer's own copy of the command has to mean the same as the bytes.
    const command = (entry.command as SimCommand | undefined) ?? decodeCommand(entry.data);
    const state = this.#state;
    state.count++;
    state.chain = mix(mix(mix(state.chain, entry.index), entry.crc), command.id);
    state.register = command.value;
    state.lastId = command.id;
    for (let settled = 0; settled < command.settles; settled++) this.#settleOldest();
    if (!command.isKept) {
      this.#reclaimable += entry.data.length;
      return;
    }
    if (this.#kept.length >= KEPT_MAX) this.#settleOldest();
    this.#kept.push({ index: entry.index, crc: entry.crc, size: entry.data.length });
    state.keptHash = (state.keptHash ^ mix(entry.index, entry.crc)) >>> 0;
  }

  snapshot(): SnapshotSource {
    this.#reclaimable = 0;
    const bytes = this.#encode();
    const live = rangesOf(this.#kept);
    let position = 0;
    return {
      live,
      next: (maxBytes): Uint8Array | undefined => {
        if (position >= bytes.length) return undefined;
        const piece = bytes.slice(position, position + maxBytes);
        position += piece.length;
        return piece;
      },
      close: (): void => {
        position = bytes.length;
      },
    };
  }

  restore(_meta: SnapshotMeta): RestoreSink {
    const pieces: Uint8Array[] = [];
    return {
      add: (bytes): void => {
        pieces.push(bytes.slice());
      },
      finish: (): void => this.#decode(joined(pieces)),
    };
  }

  digest(): number {
    const state = this.#state;
    return mix(mix(state.chain, state.keptHash), this.#kept.length ^ state.count);
  }

  #settleOldest(): void {
    const oldest = this.#kept.shift();
    if (oldest === undefined) return;
    this.#reclaimable += oldest.size;
    this.#state.keptHash = (this.#state.keptHash ^ mix(oldest.index, oldest.crc)) >>> 0;
  }

  #encode(): Uint8Array {
    const bytes = new Uint8Array(STATE_HEADER_BYTES + this.#kept.length * KEPT_BYTES);
    const view = new DataView(bytes.buffer);
    const state = this.#state;
    view.setUint32(0, state.count);
    view.setUint32(4, state.chain);
    view.setUint32(8, state.keptHash);
    view.setFloat64(12, state.register);
    view.setUint32(20, state.lastId);
    view.setUint32(24, this.#kept.length);
    let position = STATE_HEADER_BYTES;
    for (const kept of this.#kept) {
      view.setFloat64(position, kept.index);
      view.setUint32(position + 8, kept.crc);
      view.setUint32(position + 12, kept.size);
      position += KEPT_BYTES;
    }
    return bytes;
  }

  #decode(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = view.getUint32(24);
    if (bytes.length !== STATE_HEADER_BYTES + count * KEPT_BYTES) {
      throw new Error(`a snapshot of ${bytes.length} bytes with ${count} kept entries`);
    }
    this.#state = {
      count: view.getUint32(0),
      chain: view.getUint32(4),
      keptHash: view.getUint32(8),
      register: view.getFloat64(12),
      lastId: view.getUint32(20),
    };
    this.#kept = [];
    for (let position = STATE_HEADER_BYTES; position < bytes.length; position += KEPT_BYTES) {
      this.#kept.push({
        index: view.getFloat64(position),
        crc: view.getUint32(position + 8),
        size: view.getUint32(position + 12),
      });
    }
    this.#reclaimable = 0;
  }
}

/** Ascending, disjoint ranges of the indexes. */
function rangesOf(kept: readonly KeptEntry[]): IndexRange[] {
  const ranges: { first: number; last: number }[] = [];
  for (const { index } of kept) {
    const last = ranges.at(-1);
    if (last !== undefined && last.last + 1 === index) last.last = index;
    else ranges.push({ first: index, last: index });
  }
  return ranges;
}

/** A step of a chain hash (FNV-like with a final mix), 32 bits. */
export function mix(hash: number, value: number): number {
  let mixed = Math.imul(hash ^ (value >>> 0), 0x9e37_79b1);
  mixed ^= Math.imul(Math.floor(value / 0x1_0000_0000), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b_3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    whole.set(piece, position);
    position += piece.length;
  }
  return whole;
}
