/**
 * Notices that a connection takes bytes but does not deliver them, although the peer is alive: the peer tells by its
 * beats how many it has received. TCP by itself would need minutes.
 */
export class StallWatch {
  readonly #stallMs: number;
  #acknowledged = 0;
  #progressMs = 0;

  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  /** A new connection. */
  restart(nowMs: number): void {
    this.#acknowledged = 0;
    this.#progressMs = nowMs;
  }

  /** What the peer has received, out of `sent`. True: nothing has arrived for too long. */
  check(bytes: { readonly sent: number; readonly received: number }, nowMs: number): boolean {
    if (bytes.received !== this.#acknowledged || bytes.received >= bytes.sent) {
      this.#acknowledged = bytes.received;
      this.#progressMs = nowMs;
      return false;
    }
    return nowMs - this.#progressMs > this.#stallMs;
  }
}
