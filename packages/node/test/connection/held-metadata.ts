import type { MetadataCommand, MetadataResult, Refusal } from "../../src/metadata/commands.ts";
import type { MetadataEvent } from "../../src/metadata/events.ts";
import type { MetadataView } from "../../src/metadata/metadata-machine.ts";
import { LocalMetadata, type MetadataStore } from "../../src/metadata/metadata-store.ts";

interface Held {
  readonly command: MetadataCommand;
  readonly done: (result: MetadataResult) => void;
  result: MetadataResult | undefined;
}

/** Metadata that is applied and stored when a test says so; until `hold`, at once. */
export class HeldMetadata implements MetadataStore {
  readonly #local = new LocalMetadata();
  readonly #held: Held[] = [];
  readonly #followers: ((failure: Refusal | undefined) => void)[] = [];
  #isHolding = false;

  get machine(): MetadataView {
    return this.#local.machine;
  }

  /** Types of the commands that are not stored yet. */
  get waiting(): readonly string[] {
    return this.#held.map(({ command }) => command.type);
  }

  get followerCount(): number {
    return this.#followers.length;
  }

  hold(): void {
    this.#isHolding = true;
  }

  submit(command: MetadataCommand, done: (result: MetadataResult) => void): void {
    if (this.#isHolding) this.#held.push({ command, done, result: undefined });
    else this.#local.submit(command, done);
  }

  whenStored(done: (failure: Refusal | undefined) => void): void {
    if (this.#held.length === 0) done(undefined);
    else this.#followers.push(done);
  }

  tellEvents(onEvent: (event: MetadataEvent) => void): void {
    this.#local.tellEvents(onEvent);
  }

  /** Everything that waits is in the machine now, and not stored. */
  apply(): void {
    for (const held of this.#held) {
      if (held.result !== undefined) continue;
      this.#local.submit(held.command, (result) => {
        held.result = result;
      });
    }
  }

  /** Everything that waits is applied and stored, or fails so. */
  store(failure?: Refusal): void {
    if (failure === undefined) this.apply();
    for (const { done, result } of this.#held.splice(0)) done(failure ?? result ?? NEVER);
    for (const done of this.#followers.splice(0)) done(failure);
  }
}

const NEVER: MetadataResult = { ok: false, reason: "store_unavailable", text: "never applied" };
