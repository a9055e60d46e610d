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
  readonly #entries = new Map<number, { readonly id: number; readonly command: Uint8Array }>();

  /** A replica applied this. What a group of one applied before it was durable may be lost, and another command be here then. */
  add(index: number, data: Uint8Array): void {
    const command = Uint8Array.from(data.subarray(NUMBER_SIZE));
    this.#entries.set(index, { id: numberOf(data), command });
  }

  at(index: number): Uint8Array | undefined {
    return this.#entries.get(index)?.command;
  }

  /** Applies all that are committed, up to `last`, to a new machine. */
  replay(
    machine: StateMachine,
    log: { readonly last: number; commandIdAt(index: number): number | undefined },
  ): void {
    for (let index = 1; index <= log.last; index++) {
      const entry = this.#entries.get(index);
      const id = log.commandIdAt(index) ?? entry?.id ?? 0;
      if (id === 0) continue;
      if (entry?.id !== id) throw new Error(`nobody applied command ${id}, committed at ${index}`);
      machine.apply({ index, term: 1, type: 0, data: entry.command, crc: 0 });
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
    this.#applied.add(entry.index, entry.data);
    this.inner.apply({ ...entry, data: entry.data.subarray(NUMBER_SIZE) });
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
