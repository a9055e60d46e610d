import type { GroupContext } from "./group-context.ts";
import type { GroupRunner } from "./group-runner.ts";
import { type RestoreResult, restoreMachine } from "./restore-machine.ts";

/**
 * Replaces the state of a running group's machine by a snapshot from the leader: from the core's acceptance on nothing is
 * applied; when the snapshot's append is durable, the machine is restored from the store.
 */
export class MachineReplacement {
  readonly #runner: GroupRunner;
  readonly #context: GroupContext;
  /** The append of the newest accepted snapshot; 0: none waits. */
  #seq = 0;
  /** Changes with each accepted snapshot, so that a restore from an older one is given up. */
  #generation = 0;

  constructor(runner: GroupRunner, context: GroupContext) {
    this.#runner = runner;
    this.#context = context;
  }

  /** The core's append `seq` installs a snapshot. */
  onAccepted(seq: number): void {
    this.#seq = seq;
    this.#generation++;
    this.#runner.applier.startReplacing();
  }

  onDurable(seq: number): void {
    if (this.#seq === 0 || seq < this.#seq) return;
    this.#seq = 0;
    const generation = this.#generation;
    const { groupId, applier } = this.#runner;
    const { store, limits } = this.#context;
    restoreMachine(
      applier.machine,
      {
        store,
        groupId,
        chunkBytes: limits.snapshotChunkBytes,
        isWanted: () => !this.#runner.isStopped && generation === this.#generation,
      },
      (result) => this.#onRestored(result),
    );
  }

  #onRestored(result: RestoreResult): void {
    const runner = this.#runner;
    switch (result.kind) {
      case "restored": {
        const { applier, core, groupId } = runner;
        applier.replaced(result.meta);
        this.#context.observer?.onRestore(core, result.meta.index, applier.machine.digest());
        this.#context.observer?.onEvent(groupId, "snapshot-installed");
        runner.onReplaced();
        return;
      }
      case "damaged":
        this.#context.onStateLost(runner);
        return;
      case "none":
        runner.fail(new Error("an installed snapshot is not in the store"));
        return;
      case "failed":
        runner.fail(result.error);
        return;
      default:
        result satisfies never;
    }
  }
}
