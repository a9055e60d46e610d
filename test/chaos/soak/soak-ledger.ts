import { quantile } from "./slope.ts";

const CONFIRMED = 1;
const DELIVERED = 2;
const SENT_AGAIN = 4;
const FIRST_SIZE = 65_536;

/** Counts what the clients of a soak do; knows of each message whether it was confirmed and delivered, in a byte. */
export class SoakLedger {
  /** By publisher and number of the message. */
  readonly #states: Uint8Array[] = [];
  #latencies: number[] = [];
  #awaited = 0;
  confirmed = 0;
  delivered = 0;
  /** Came again without the mark, though they were sent once. */
  duplicated = 0;

  /** Its number. */
  addPublisher(): number {
    return this.#states.push(new Uint8Array(FIRST_SIZE)) - 1;
  }

  /** Confirmed, and not delivered yet. */
  get awaited(): number {
    return this.#awaited;
  }

  onSendAgain(publisher: number, seq: number): void {
    this.#add(publisher, seq, SENT_AGAIN);
  }

  onConfirm(publisher: number, seq: number, latencyMs: number): void {
    this.confirmed++;
    this.#latencies.push(latencyMs);
    if ((this.#add(publisher, seq, CONFIRMED) & (CONFIRMED | DELIVERED)) === 0) this.#awaited++;
  }

  onDelivery(publisher: number, seq: number, isRedelivered: boolean): void {
    this.delivered++;
    const before = this.#add(publisher, seq, DELIVERED);
    if ((before & DELIVERED) === 0) {
      if ((before & CONFIRMED) !== 0) this.#awaited--;
    } else if (!isRedelivered && (before & SENT_AGAIN) === 0) this.duplicated++;
  }

  /** Of the time since this was asked for last. */
  takeLatencies(): { readonly p50Ms: number; readonly p99Ms: number } {
    const latencies = this.#latencies;
    this.#latencies = [];
    return { p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) };
  }

  /** Returns what was known before. */
  #add(publisher: number, seq: number, flag: number): number {
    let states = this.#states[publisher] ?? new Uint8Array(FIRST_SIZE);
    if (seq >= states.length) {
      const larger = new Uint8Array(Math.max(states.length * 2, seq + 1));
      larger.set(states);
      states = larger;
      this.#states[publisher] = states;
    }
    const before = states[seq] ?? 0;
    states[seq] = before | flag;
    return before;
  }
}
