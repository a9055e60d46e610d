import { type Completion, HistoryRecorder, type Json, type Operation } from "@leveret/raft/history";

export interface DeliveryFacts {
  readonly queue: string;
  readonly message: string;
  readonly consumer: number;
  readonly at: number;
  readonly isRedelivered: boolean;
}

/** What all clients of a run have seen, in the words of the checkers. Times in ms, of `performance.now`. */
export class RunHistory {
  readonly #recorder = new HistoryRecorder();
  readonly #errors = new Map<string, number>();
  #lastProcess = 0;

  /** A number for a session of a client: one that reconnects goes on as another. */
  nextProcess(): number {
    return ++this.#lastProcess;
  }

  /** The number by which it is completed. */
  invoke(operation: {
    readonly process: number;
    readonly kind: string;
    readonly key: string;
    readonly input: Json;
    readonly at?: number;
  }): number {
    return this.#recorder.invoke({ at: performance.now(), ...operation });
  }

  complete(id: number, outcome: Completion["outcome"], at: number = performance.now()): void {
    this.#recorder.complete(id, { outcome, output: null, at });
  }

  send(queue: string, message: string, process: number): number {
    return this.invoke({ process, kind: "enqueue", key: queue, input: { message } });
  }

  deliver({ queue, message, consumer, at, isRedelivered }: DeliveryFacts): void {
    this.#recorder.add(
      { process: consumer, kind: "dequeue", key: queue, input: null, at },
      { outcome: "ok", output: { message, redelivered: isRedelivered }, at },
    );
  }

  /** AMQP does not say whether it arrives. */
  settle(consumer: number, queue: string, message: string, how: "ack" | "discard"): void {
    this.invoke({ process: consumer, kind: "settle", key: queue, input: { message, how } });
  }

  /** The queue was seen empty since `from`, twice, and no consumer had anything of it. */
  drained(queue: string, from: number): void {
    this.#recorder.add(
      { process: 0, kind: "drain", key: queue, input: null, at: from },
      { outcome: "ok", output: null, at: performance.now() },
    );
  }

  /** An answer that came at once. */
  add(kind: string, key: string, process: number, output: Json): void {
    const at = performance.now();
    this.#recorder.add({ process, kind, key, input: null, at }, { outcome: "ok", output, at });
  }

  /** Why a connection or channel ended. */
  noteError(reason: string): void {
    this.#errors.set(reason, (this.#errors.get(reason) ?? 0) + 1);
  }

  /** How often connections and channels ended for which reason, for people. */
  get errors(): readonly string[] {
    return [...this.#errors].map(([reason, count]) => `${count} x ${reason}`);
  }

  operations(): Operation[] {
    return this.#recorder.operations();
  }
}
