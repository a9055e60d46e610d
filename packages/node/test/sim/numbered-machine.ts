import type { Entry, RestoreSink, SnapshotMeta, SnapshotSource, StateMachine } from "@leveret/raft";

/** Bytes of the number before a command. */
const NUMBER_SIZE = 4;

/** A command with a number of its own before it, by which the simulator knows it. */
export function numbered(id: number, command: Uint8Array): Uint8Array {
  const data = new Uint8Array(NUMBER_SIZE + command.length);
  new DataView(data.buffer).setUint32(0, id);
  data.set(command, NUMBER_SIZE);
  return data;
}

export function numberOf(data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(0);
}

/** All commands of a group as its replicas applied them: what a replay of the whole log would read. */
export class AppliedCommands {
  readonly #commands = new Map<number, Uint8Array>();

  /** A replica applied this entry, and no command after `previous` before. What is known of entries in between was lost. */
  add(previous: number, index: number, command: Uint8Array): void {
    for (let lost = previous + 1; lost < index; lost++) this.#commands.delete(lost);
    this.#commands.set(index, Uint8Array.from(command));
  }

  at(index: number): Uint8Array | undefined {
    return this.#commands.get(index);
  }

  /** Applies all up to `last` to a new machine. */
  replay(machine: StateMachine, last: number): void {
    const indexes = [...this.#commands.keys()].filter((index) => index <= last);
    for (const index of indexes.sort((a, b) => a - b)) {
      const data = this.#commands.get(index) ?? new Uint8Array(0);
      machine.apply({ index, term: 1, type: 0, data, crc: 0 });
    }
  }
}

/** A machine of the broker in a simulated group: takes numbered commands, and notes them. */
export class NumberedMachine<M extends StateMachine> implements StateMachine {
  readonly inner: M;
  readonly #applied: AppliedCommands;
  /** Index of the last command that is part of the state. */
  lastIndex = 0;

  constructor(inner: M, applied: AppliedCommands) {
    this.inner = inner;
    this.#applied = applied;
  }

  get reclaimableBytes(): number {
    return this.inner.reclaimableBytes;
  }

  apply(entry: Entry): void {
    const data = entry.data.subarray(NUMBER_SIZE);
    this.#applied.add(this.lastIndex, entry.index, data);
    this.inner.apply({ ...entry, data });
    this.lastIndex = entry.index;
  }

  snapshot(): SnapshotSource {
    return this.inner.snapshot();
  }

  restore(meta: SnapshotMeta): RestoreSink {
    const sink = this.inner.restore(meta);
    return {
      add: (bytes): void => sink.add(bytes),
      finish: (): void => {
        sink.finish();
        this.lastIndex = meta.index;
      },
    };
  }

  digest(): number {
    return this.inner.digest();
  }
}
