import { KillHistory, type SentMessage } from "../kill/kill-history.ts";

/** Numbers of sessions, over all nodes. */
export class SessionNumbers {
  #last = 0;

  next(): number {
    return ++this.#last;
  }
}

/** What the clients of one node have seen; knows what was confirmed there while nothing could be. */
export class NodeHistory extends KillHistory {
  readonly #numbers: SessionNumbers;
  /** Of the current round. */
  #recent: SentMessage[] = [];

  constructor(numbers: SessionNumbers) {
    super();
    this.#numbers = numbers;
  }

  override nextClient(): number {
    return this.#numbers.next();
  }

  override onSend(queue: string, name: string, publisher: number, at: number): SentMessage {
    const sent = super.onSend(queue, name, publisher, at);
    this.#recent.push(sent);
    return sent;
  }

  forgetRecent(): void {
    this.#recent = [];
  }

  /** Messages sent after `from`, and confirmed before `to`. */
  confirmedBetween(from: number, to: number): SentMessage[] {
    return this.#recent.filter(
      ({ at, confirmedAt = Number.POSITIVE_INFINITY }) => at > from && confirmedAt < to,
    );
  }
}
