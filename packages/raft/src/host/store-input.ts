import type { IndexRange } from "../core/hard-state.ts";
import type { GroupId } from "../core/ids.ts";
import type { LogStoreListener, SpaceState } from "../store/log-store.ts";
import type { MultiRaftHost } from "./multi-raft-host.ts";

/** What the store reports, on its way to the groups. Before there is a host, only a fatal error matters. */
export class StoreInput implements LogStoreListener {
  readonly #onFatal: (error: Error) => void;
  readonly #onSpaceChange: (space: SpaceState) => void;
  #host: MultiRaftHost | undefined;
  #isFatal = false;

  /** `onFatal`: the process has to end. Called at most once. */
  constructor(
    onFatal: (error: Error) => void,
    onSpaceChange: (space: SpaceState) => void = () => undefined,
  ) {
    this.#onFatal = onFatal;
    this.#onSpaceChange = onSpaceChange;
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
    if (this.#isFatal) return;
    this.#isFatal = true;
    this.#host?.die();
    this.#onFatal(error);
  }

  onSpaceChange(space: SpaceState): void {
    // The state is looked up where it matters; a full disk moves leaderships at the next tick.
    this.#host?.turn.schedule();
    if (this.#host?.isDead === false) this.#onSpaceChange(space);
  }

  /** A replica that does not run yet looks it up when it starts. */
  onDamage(groupId: GroupId, range: IndexRange): void {
    if (this.#host?.isDead === false) this.#host.findGroup(groupId)?.runner?.onDamage(range);
  }
}
