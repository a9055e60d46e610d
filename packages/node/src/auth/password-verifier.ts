import type { HashingAlgorithm, UserRecord } from "../metadata/records.ts";
import { BoundedMemory } from "./bounded-memory.ts";
import type { Eventually } from "./eventually.ts";
import { keyedDigest } from "./keyed-digest.ts";
import { SCRYPT, verifyPassword } from "./password.ts";
import { verifyScrypt } from "./scrypt.ts";

/** How long a password that was right is known to be: clients of the HTTP API send theirs with each request. */
const REMEMBERED_MS = 300_000;
const REMEMBERED_MAX = 10_000;

/** Of users who do not exist. */
const NOBODY_HASH: Buffer = Buffer.alloc(52, 1);

/**
 * Compares passwords with the hashes of users. A fast hash is compared within the call; a slow one on another thread, and for some time
 * only once: then the password is known by a digest under a key of this process.
 */
export class PasswordVerifier {
  readonly #newUsers: HashingAlgorithm;
  readonly #right: BoundedMemory<true>;
  readonly #underWay = new Map<string, Promise<boolean>>();

  /** `newUsers`: how they are hashed; names that do not exist take as long as those. */
  constructor(newUsers: HashingAlgorithm, now: () => number) {
    this.#newUsers = newUsers;
    this.#right = new BoundedMemory({ ttlMs: REMEMBERED_MS, countMax: REMEMBERED_MAX, now });
  }

  /** false if there is no such user. May reject with a ScryptBusyError. */
  matches(password: string, user: UserRecord | undefined): Eventually<boolean> {
    const { hashingAlgorithm, passwordHash } = user ?? this.#nobody();
    if (hashingAlgorithm !== SCRYPT) {
      return verifyPassword(password, { passwordHash, hashingAlgorithm }) && user !== undefined;
    }
    const key = keyedDigest(password, passwordHash);
    return this.#right.get(key) ?? this.#verify(key, password, passwordHash);
  }

  #verify(key: string, password: string, passwordHash: string): Promise<boolean> {
    const known = this.#underWay.get(key);
    if (known !== undefined) return known;
    const verified = verifyScrypt(password, passwordHash)
      .then((isRight) => {
        if (isRight) this.#right.set(key, true);
        return isRight;
      })
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, verified);
    return verified;
  }

  #nobody(): Pick<UserRecord, "hashingAlgorithm" | "passwordHash"> {
    const hash = Buffer.from(NOBODY_HASH);
    if (this.#newUsers === SCRYPT) Buffer.from([1, 14, 8, 5]).copy(hash);
    return { hashingAlgorithm: this.#newUsers, passwordHash: hash.toString("base64") };
  }
}
