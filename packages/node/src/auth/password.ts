import { strict as assert } from "node:assert";
import { createHash, timingSafeEqual } from "node:crypto";
import type { HashingAlgorithm, UserRecord } from "../metadata/records.ts";

/** Bytes of salt before the digest (RabbitMQ: rabbit_password). */
export const SALT_SIZE = 4;

const DIGESTS = {
  rabbit_password_hashing_sha256: "sha256",
  rabbit_password_hashing_sha512: "sha512",
  rabbit_password_hashing_md5: "md5",
} as const satisfies Record<HashingAlgorithm, string>;

export const DEFAULT_HASHING_ALGORITHM: HashingAlgorithm = "rabbit_password_hashing_sha256";

export function isHashingAlgorithm(name: string): name is HashingAlgorithm {
  return Object.hasOwn(DIGESTS, name);
}

/**
 * RabbitMQ's password hash: base64(salt + digest(salt + password)). `salt` is SALT_SIZE random bytes of the caller: the hash is
 * made before it goes into a command, so that every replica stores the same.
 */
export function hashPassword(
  password: string,
  salt: Buffer,
  algorithm: HashingAlgorithm = DEFAULT_HASHING_ALGORITHM,
): string {
  assert(salt.length === SALT_SIZE, "a password hash has four bytes of salt");
  return Buffer.concat([salt, digest(password, salt, algorithm)]).toString("base64");
}

/** Whether the password is the user's; takes the same time wherever a wrong one differs. An empty hash matches none. */
export function verifyPassword(
  password: string,
  user: Pick<UserRecord, "passwordHash" | "hashingAlgorithm">,
): boolean {
  const stored = Buffer.from(user.passwordHash, "base64");
  const salt = stored.subarray(0, SALT_SIZE);
  const expected = stored.subarray(SALT_SIZE);
  const actual = digest(password, salt, user.hashingAlgorithm);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

function digest(password: string, salt: Buffer, algorithm: HashingAlgorithm): Buffer {
  return createHash(DIGESTS[algorithm]).update(salt).update(password, "utf8").digest();
}
