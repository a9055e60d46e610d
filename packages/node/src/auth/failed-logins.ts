import { isIPv6 } from "node:net";

/** Addresses and names that are remembered; the one that failed longest ago makes room. */
const REMEMBERED_MAX = 10_000;
/** An address may fail so many times as often as one name from it: several clients may share it. */
const ADDRESS_FACTOR = 10;
const MINUTE_MS = 60_000;

interface Failures {
  count: number;
  atMs: number;
}

/**
 * Slows down who guesses passwords: after too many failures within a minute, further attempts are refused without looking at the password,
 * until enough time has passed. Counted for each name at each address, and for each address; so nobody can lock out a user who comes from
 * elsewhere, and a client with a wrong password does not lock out others beside it.
 */
export class FailedLogins {
  /** undefined: no limit. */
  readonly #perMinute: number | undefined;
  readonly #byKey = new Map<string, Failures>();

  constructor(perMinute: number | undefined) {
    this.#perMinute = perMinute;
  }

  /** Too many attempts have failed: the next one is not looked at. */
  isExhausted(remoteAddress: string, username: string, nowMs: number): boolean {
    if (this.#perMinute === undefined) return false;
    const network = networkOf(remoteAddress);
    return (
      this.#count(`${network} ${username}`, this.#perMinute, nowMs) > this.#perMinute - 1 ||
      this.#count(network, this.#perMinute * ADDRESS_FACTOR, nowMs) >
        this.#perMinute * ADDRESS_FACTOR - 1
    );
  }

  note(remoteAddress: string, username: string, nowMs: number): void {
    if (this.#perMinute === undefined) return;
    const network = networkOf(remoteAddress);
    this.#add(`${network} ${username}`, this.#perMinute, nowMs);
    this.#add(network, this.#perMinute * ADDRESS_FACTOR, nowMs);
  }

  /** The right password came: whoever mistyped before starts afresh. */
  forget(remoteAddress: string, username: string): void {
    this.#byKey.delete(`${networkOf(remoteAddress)} ${username}`);
  }

  #add(key: string, perMinute: number, nowMs: number): void {
    const count = this.#count(key, perMinute, nowMs) + 1;
    // To the end: the first one of the map is the one that failed longest ago.
    this.#byKey.delete(key);
    if (this.#byKey.size >= REMEMBERED_MAX) this.#dropOldest();
    this.#byKey.set(key, { count, atMs: nowMs });
  }

  /** What is left of the failures: they are forgiven one by one, all of the limit in a minute. */
  #count(key: string, perMinute: number, nowMs: number): number {
    const failures = this.#byKey.get(key);
    if (failures === undefined) return 0;
    const forgiven = ((nowMs - failures.atMs) / MINUTE_MS) * perMinute;
    return Math.max(0, failures.count - Math.max(0, forgiven));
  }

  #dropOldest(): void {
    for (const key of this.#byKey.keys()) {
      this.#byKey.delete(key);
      return;
    }
  }
}

/** Who has an IPv6 address has a network of them: the first 64 bits count. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const groups = [...first, ...new Array<string>(zeros).fill("0"), ...last];
  return groups.slice(0, 4).join(":");
}
