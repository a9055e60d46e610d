import { ControlError } from "@leveret/control";
import type { Caller } from "../src/caller.ts";

/** What a fake node answers: a value, rows, or the error to fail with. */
export type FakeAnswers = Readonly<Record<string, unknown>>;

/** One call that the tool made. */
export interface Asked {
  readonly method: string;
  readonly params: unknown;
}

/** A node that answers from a list; what is not on it is answered with nothing, or no rows. */
export class FakeCaller implements Caller {
  readonly asked: Asked[] = [];
  isClosed = false;
  readonly #answers: FakeAnswers;

  constructor(answers: FakeAnswers) {
    this.#answers = { node_state: { node: "rabbit@localhost", state: "running" }, ...answers };
  }

  async call(method: string, params: unknown): Promise<unknown> {
    this.asked.push({ method, params });
    const answer = this.#answers[method];
    if (answer instanceof ControlError) throw answer;
    return answer ?? null;
  }

  async *stream(method: string, params: unknown): AsyncIterable<unknown> {
    const answer = await this.call(method, params);
    yield* Array.isArray(answer) ? answer : [];
  }

  close(): void {
    this.isClosed = true;
  }
}
