import type { MetadataCommand, MetadataResult, Refusal } from "../../metadata/commands.ts";
import type { MetadataEvent } from "../../metadata/events.ts";
import type { MetadataView } from "../../metadata/metadata-machine.ts";
import type { MetadataStore, WaitsUntil } from "../../metadata/metadata-store.ts";

type OnEvent = (event: MetadataEvent) => void;

/** A store whose events are told to several: to the broker, and to those who look after the cluster. */
export class ObservedMetadata implements MetadataStore {
  readonly #store: MetadataStore;
  readonly #listeners = new Set<OnEvent>();

  constructor(store: MetadataStore) {
    this.#store = store;
    store.tellEvents((event) => {
      for (const listener of [...this.#listeners]) listener(event);
    });
  }

  get machine(): MetadataView {
    return this.#store.machine;
  }

  submit(
    command: MetadataCommand,
    done: (result: MetadataResult) => void,
    until?: WaitsUntil,
  ): void {
    this.#store.submit(command, done, until);
  }

  whenStored(done: (failure: Refusal | undefined) => void): void {
    this.#store.whenStored(done);
  }

  tellEvents(onEvent: OnEvent): void {
    this.#listeners.add(onEvent);
  }
}
