import type { Actor } from "./actor.ts";
import type { MetadataCommand, MetadataResult, Refusal } from "./commands.ts";
import type { MetadataEvent } from "./events.ts";
import { MetadataMachine, type MetadataView } from "./metadata-machine.ts";

/**
 * When the submitter of a command is called. "stored": when what it asked for is as durable as it can be: on the disk, or for what is
 * transient in the machine. "applied": as soon as it is in the machine.
 */
export type WaitsUntil = "stored" | "applied";

/** Where the metadata is, and how it is changed: in memory, or through the log of the metadata group. */
export interface MetadataStore {
  /** The state as it is here. It may show what is not on the disk yet: see `whenStored`. */
  readonly machine: MetadataView;
  /**
   * Changes the metadata. `done` is called once, within the call or in a later turn: check again then what depended on the state.
   * Commands take effect in the order of submission. `actor`: who asks for it; undefined: the broker itself.
   */
  submit(
    command: MetadataCommand,
    done: (result: MetadataResult) => void,
    until?: WaitsUntil,
    actor?: Actor,
  ): void;
  /**
   * Calls `done` when what the machine shows now is stored: for answers that rest on another client's change. undefined: it is;
   * a Refusal: nobody can tell. Within the call if nothing is under way.
   */
  whenStored(done: (failure: Refusal | undefined) => void): void;
  /** From now on events are told; before, none are, so that a replay causes nothing. */
  tellEvents(onEvent: (event: MetadataEvent) => void): void;
}

/** Metadata of a broker without a data directory: a command is done when `submit` returns. */
export class LocalMetadata implements MetadataStore {
  readonly #machine = new MetadataMachine(() => undefined);

  get machine(): MetadataView {
    return this.#machine;
  }

  submit(command: MetadataCommand, done: (result: MetadataResult) => void): void {
    done(this.#machine.apply(command));
  }

  whenStored(done: (failure: Refusal | undefined) => void): void {
    done(undefined);
  }

  tellEvents(onEvent: (event: MetadataEvent) => void): void {
    this.#machine.onEvent = onEvent;
  }
}
