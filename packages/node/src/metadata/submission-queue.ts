import type { Submission } from "./submission.ts";

/**
 * The submissions of a node that are not known to be stored, in order. First those that have left it, with numbers without a gap; then
 * those that wait. A cursor shows how far they were handed to who leads now.
 */
export class SubmissionQueue {
  readonly #numbered = new Map<number, Submission>();
  #waiting: Submission[] = [];
  #lastSeq = 0;
  /** Those below were handed to who leads now. */
  #cursor = 1;

  get isEmpty(): boolean {
    return this.#numbered.size === 0 && this.#waiting.length === 0;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** How many have left and are not known to be stored. */
  get sentCount(): number {
    return this.#numbered.size;
  }

  /** The oldest that has left; 0: none. */
  get firstSeq(): number {
    return this.#numbered.keys().next().value ?? 0;
  }

  /** Whether anything was handed to who leads now that is not known to be stored. */
  get isUnderWay(): boolean {
    const { firstSeq } = this;
    return firstSeq !== 0 && firstSeq < this.#cursor;
  }

  /** The newest. */
  get last(): Submission | undefined {
    return this.#waiting.at(-1) ?? this.#numbered.get(this.#lastSeq) ?? this.#lastNumbered();
  }

  add(submission: Submission): void {
    this.#waiting.push(submission);
  }

  find(seq: number): Submission | undefined {
    return this.#numbered.get(seq);
  }

  /** The next one for who leads; undefined: all were handed over. */
  next(): Submission | undefined {
    while (this.#cursor <= this.#lastSeq) {
      const submission = this.#numbered.get(this.#cursor);
      if (submission !== undefined) return submission;
      this.#cursor++;
    }
    return this.#waiting[0];
  }

  /** The number of `next()`: its own, or the one that it would get. */
  nextSeq(next: Submission): number {
    return next.seq === 0 ? this.#lastSeq + 1 : next.seq;
  }

  /** `next()` was handed over. */
  advance(next: Submission): void {
    if (next.seq === 0) {
      this.#waiting.shift();
      this.#lastSeq++;
      next.seq = this.#lastSeq;
      this.#numbered.set(next.seq, next);
    }
    this.#cursor = next.seq + 1;
  }

  /** Whether it was handed to who leads now. */
  isHandedOver({ seq }: Submission): boolean {
    return seq !== 0 && seq < this.#cursor;
  }

  /** From this number on all are to be handed over again. */
  rewindTo(seq: number): void {
    this.#cursor = Math.min(this.#cursor, seq);
  }

  rewind(): void {
    this.rewindTo(this.firstSeq === 0 ? this.#lastSeq + 1 : this.firstSeq);
  }

  /** It is stored, or was never sent and will not be. */
  remove(submission: Submission): void {
    if (submission.seq !== 0) this.#numbered.delete(submission.seq);
    else if (this.#waiting[0] === submission) this.#waiting.shift();
    else this.#waiting = this.#waiting.filter((other) => other !== submission);
  }

  /** In order; a copy. */
  all(): Submission[] {
    return [...this.#numbered.values(), ...this.#waiting];
  }

  /** The highest number may be gone before lower ones, where one was settled early. */
  #lastNumbered(): Submission | undefined {
    let last: Submission | undefined;
    for (const submission of this.#numbered.values()) last = submission;
    return last;
  }
}
