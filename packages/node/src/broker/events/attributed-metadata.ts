import { type Actor, INTERNAL_ACTOR } from "../../metadata/actor.ts";
import type { MetadataCommand, MetadataResult, Refusal } from "../../metadata/commands.ts";
import type { MetadataEvent } from "../../metadata/events.ts";
import type { MetadataView } from "../../metadata/metadata-machine.ts";
import type { MetadataStore, WaitsUntil } from "../../metadata/metadata-store.ts";
import { type Removed, removedWith } from "./removed.ts";

/** A change of metadata that somebody made at this node. */
export interface Change {
  readonly command: MetadataCommand;
  readonly actor: Actor;
  readonly removed: Removed;
  /** The object that the command names was there before. */
  readonly existed: boolean;
}

/** Tells what changed, and who changed it, where the change was asked for: at one node of a cluster. */
export class AttributedMetadata implements MetadataStore {
  readonly #store: MetadataStore;
  readonly #onChange: (change: Change) => void;

  /** `onChange` is called before whoever asked for the change. It must not throw, or change metadata. */
  constructor(store: MetadataStore, onChange: (change: Change) => void) {
    this.#store = store;
    this.#onChange = onChange;
  }

  get machine(): MetadataView {
    return this.#store.machine;
  }

  submit(
    command: MetadataCommand,
    done: (result: MetadataResult) => void,
    until?: WaitsUntil,
    actor: Actor = INTERNAL_ACTOR,
  ): void {
    const { machine } = this;
    const removed = removedWith(command, machine);
    const existed = isThere(command, machine);
    this.#store.submit(
      command,
      (result) => {
        if (result.ok && result.changed) this.#onChange({ command, actor, removed, existed });
        done(result);
      },
      until,
    );
  }

  whenStored(done: (failure: Refusal | undefined) => void): void {
    this.#store.whenStored(done);
  }

  tellEvents(onEvent: (event: MetadataEvent) => void): void {
    this.#store.tellEvents(onEvent);
  }
}

/** For commands that make something new, or change what is there. */
function isThere(command: MetadataCommand, machine: MetadataView): boolean {
  if (command.type === "putUser") return machine.user(command.name) !== undefined;
  return command.type === "addVhost" && machine.vhost(command.name) !== undefined;
}
