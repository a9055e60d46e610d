import type { Timer, Timers } from "@leveret/raft";

interface Call {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Time that passes when a test says so. */
export class VirtualTimers implements Timers {
  nowMs = 0;
  readonly #calls = new Set<Call>();
  #deferred: (() => void)[] = [];

  get pendingCount(): number {
    return this.#calls.size;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const call = { atMs: this.nowMs + delayMs, callback };
    this.#calls.add(call);
    return { cancel: () => this.#calls.delete(call) };
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  /** The end of the turn: what was deferred, and what that defers. */
  endTurn(): void {
    for (let next = this.#deferred.shift(); next !== undefined; next = this.#deferred.shift()) {
      next();
    }
  }

  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    this.endTurn();
    for (let call = this.#next(untilMs); call !== undefined; call = this.#next(untilMs)) {
      this.nowMs = call.atMs;
      this.#calls.delete(call);
      call.callback();
      this.endTurn();
    }
    this.nowMs = untilMs;
  }

  #next(untilMs: number): Call | undefined {
    let next: Call | undefined;
    for (const call of this.#calls) {
      if (call.atMs <= untilMs && (next === undefined || call.atMs < next.atMs)) next = call;
    }
    return next;
  }
}
