import type { LogStore } from "../store/log-store.ts";
import type { GroupHandle } from "./group-handle.ts";
import type { GroupRunner } from "./group-runner.ts";
import { LeaderMover, type MoverHost } from "./leader-mover.ts";

/** What the stop needs of the host. */
export interface StopHost extends MoverHost {
  readonly store: LogStore;
  nowMs(): number;
  handles(): Iterable<GroupHandle>;
}

/**
 * An orderly end, within a budget of time: leaderships go to other nodes, so that no group waits for an election timeout; then
 * the groups with much to replay are saved, so that the next start is quick.
 */
export class GracefulStop {
  readonly #host: StopHost;
  readonly #done: () => void;
  readonly #deadlineMs: number;
  readonly #mover: LeaderMover;
  #toSave: GroupRunner[] | undefined;
  #saving = 0;
  #isDone = false;

  constructor(host: StopHost, done: () => void) {
    this.#host = host;
    this.#done = done;
    this.#deadlineMs = host.nowMs() + host.limits.stopBudgetMs;
    this.#mover = new LeaderMover(host, leadersOf(host.handles()));
  }

  tick(nowMs: number): void {
    if (this.#isDone) return;
    if (nowMs >= this.#deadlineMs) {
      this.#end();
      return;
    }
    this.#mover.tick(nowMs);
    if (!this.#mover.isDone) return;
    this.#toSave ??= this.#worthSaving();
    this.#save(this.#toSave);
  }

  #save(toSave: GroupRunner[]): void {
    if (this.#isDone) return;
    while (this.#saving < this.#host.limits.savesAtOnce) {
      const runner = toSave.pop();
      if (runner === undefined) break;
      if (runner.isStopped) continue;
      this.#saving++;
      runner.snapshotter.save(runner.core, () => {
        this.#saving--;
        this.#save(toSave);
      });
    }
    if (this.#saving === 0 && toSave.length === 0) this.#end();
  }

  #worthSaving(): GroupRunner[] {
    const worth: GroupRunner[] = [];
    for (const { runner, groupId } of this.#host.handles()) {
      if (runner === undefined) continue;
      const toReplay = runner.applier.appliedIndex - this.#host.store.log(groupId).snapshotIndex;
      if (toReplay > this.#host.limits.checkpointEntries) worth.push(runner);
    }
    return worth;
  }

  #end(): void {
    this.#isDone = true;
    this.#done();
  }
}

/** The replicas among these that lead. */
export function leadersOf(handles: Iterable<GroupHandle>): GroupRunner[] {
  const leaders: GroupRunner[] = [];
  for (const { runner } of handles) {
    if (runner?.core.role === "leader") leaders.push(runner);
  }
  return leaders;
}
