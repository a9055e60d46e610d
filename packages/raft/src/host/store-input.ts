import type { IndexRange } from "../core/hard-state.ts";
import type { GroupId } from "../core/ids.ts";
import type { DamagePlace } from "../store/damage-notes.ts";
import type { LogStoreListener, SpaceState } from "../store/log-store.ts";
import type { MultiRaftHost } from "./multi-raft-host.ts";
import type { RaftNodeOptions } from "./node-options.ts";

/** Who has to know what happens to the store, besides the groups. */
type StoreOwner = Pick<RaftNodeOptions, "onFatal" | "onSpaceChange" | "onDamage">;

/** What the store reports, on its way to the groups. Before there is a host, only a fatal error matters. */
export class StoreInput implements LogStoreListener {
  readonly #owner: StoreOwner;
  #host: MultiRaftHost | undefined;
  #failure: Error | undefined;

  constructor(owner: StoreOwner) {
    this.#owner = owner;
  }

  /** What was fatal. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  attach(host: MultiRaftHost): void {
    this.#host = host;
  }

  onAppended(groupId: GroupId, seq: number): void {
    if (this.#host?.isDead === false) this.#host.findGroup(groupId)?.onAppended(seq);
  }

  onBatchEnd(): void {
    const host = this.#host;
    if (host === undefined || host.isDead) return;
    host.metrics.batches++;
    host.checkBacklog();
    host.turn.schedule();
  }

  onFatal(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#host?.die();
    this.#owner.onFatal(error);
  }

  onSpaceChange(space: SpaceState): void {
    // The state is looked up where it matters; a full disk moves leaderships at the next tick.
    const host = this.#host;
    if (host === undefined || host.isDead) return;
    host.turn.schedule();
    if (space !== "ok") host.saveWhatFreesSpace();
    this.#owner.onSpaceChange?.(space);
  }

  /** A replica that does not run yet looks it up when it starts. */
  onDamage(groupId: GroupId, range: IndexRange, place: DamagePlace): void {
    if (this.#host?.isDead === true) return;
    this.#host?.findGroup(groupId)?.runner?.onDamage(range);
    this.#owner.onDamage?.(groupId, range, place);
  }
}
