import { strict as assert } from "node:assert";
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { HashingAlgorithm, UserRecord } from "../metadata/records.ts";
import type { Eventually } from "./eventually.ts";
import { scryptHash } from "./scrypt.ts";

/** Bytes of salt before the digest (RabbitMQ: rabbit_password). */
export const SALT_SIZE = 4;

/** Our own algorithm: slow on purpose. RabbitMQ does not have it. */
export const SCRYPT = "leveret_password_hashing_scrypt";

/** RabbitMQ's algorithms. */
export type DigestAlgorithm = Exclude<HashingAlgorithm, typeof SCRYPT>;

const DIGESTS = {
  rabbit_password_hashing_sha256: "sha256",
  rabbit_password_hashing_sha512: "sha512",
  rabbit_password_hashing_md5: "md5",
} as const satisfies Record<DigestAlgorithm, string>;

export const DEFAULT_HASHING_ALGORITHM: DigestAlgorithm = "rabbit_password_hashing_sha256";

export function isHashingAlgorithm(name: string): name is HashingAlgorithm {
  return name === SCRYPT || Object.hasOwn(DIGESTS, name);
}

/**
 * A hash for a new password, with a random salt: it is made before it goes into a command, so that every replica stores the same.
 * May reject with a ScryptBusyError.
 */
export function makePasswordHash(
  password: string,
  algorithm: HashingAlgorithm,
): Eventually<string> {
  if (algorithm === SCRYPT) return scryptHash(password);
  return hashPassword(password, randomBytes(SALT_SIZE), algorithm);
}

/** RabbitMQ's password hash: base64(salt + digest(salt + password)). `salt` is SALT_SIZE random bytes. */
export function hashPassword(
  password: string,
  salt: Buffer,
  algorithm: DigestAlgorithm = DEFAULT_HASHING_ALGORITHM,
): string {
  assert(salt.length === SALT_SIZE, "a password hash has four bytes of salt");
  return Buffer.concat([salt, digest(password, salt, algorithm)]).toString("base64");
}

/**
 * Whether the password is that of the hash, which is one of RabbitMQ's; takes the same time wherever a wrong one differs. An empty hash
 * matches none.
 */
export function verifyPassword(
  password: string,
  hashed: Pick<UserRecord, "passwordHash" | "hashingAlgorithm">,
): boolean {
  assert(hashed.hashingAlgorithm !== SCRYPT, "slow hashes are verified by PasswordVerifier");
  const stored = Buffer.from(hashed.passwordHash, "base64");
  const salt = stored.subarray(0, SALT_SIZE);
  const expected = stored.subarray(SALT_SIZE);
  const actual = digest(password, salt, hashed.hashingAlgorithm);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

function digest(password: string, salt: Buffer, algorithm: DigestAlgorithm): Buffer {
  return createHash(DIGESTS[algorithm]).update(salt).update(password, "utf8").digest();
}
