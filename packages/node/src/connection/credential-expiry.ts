/** setTimeout counts in 31 bits of milliseconds, 24 days. */
const TIMER_MAX_MS: number = 2 ** 31 - 1;

/** Tells when the credentials of a connection have expired. */
export class CredentialExpiry {
  readonly #onExpired: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(onExpired: () => void) {
    this.#onExpired = onExpired;
  }

  /** In place of what was watched before. `atMs`: since the epoch; undefined: never. */
  watch(atMs: number | undefined): void {
    this.stop();
    if (atMs === undefined) return;
    const leftMs = atMs - Date.now();
    const waitMs = Math.min(TIMER_MAX_MS, Math.max(0, leftMs));
    this.#timer = setTimeout(() => {
      if (atMs > Date.now()) this.watch(atMs);
      else this.#onExpired();
    }, waitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
