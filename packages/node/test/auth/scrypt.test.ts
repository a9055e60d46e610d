import { describe, expect, test } from "vitest";
import { makePasswordHash, SCRYPT } from "../../src/auth/password.ts";
import { PasswordVerifier } from "../../src/auth/password-verifier.ts";
import { verifyScrypt } from "../../src/auth/scrypt.ts";
import type { UserRecord } from "../../src/metadata/records.ts";

/** Slow on purpose, and slower beside other tests. */
const SLOW_MS = 60_000;

const HASHES = {
  secret: "AQ4IBY/A6PCG06PyXBira6twgWkMd58KGwmJETBmmeBamlbEGfyw2IMQeX6pUdsQF3DoWA==",
  other: "AQ4IBZPZSsPVGPir0nsooQZhR6fwEXCOiIOya8bhbfPOikdFpJNgvsU68p4rg64ogpo62A==",
} as const;

function user(password: keyof typeof HASHES): UserRecord {
  const limits = { maxConnections: undefined, maxChannels: undefined };
  const passwordHash = HASHES[password];
  return { name: "ann", passwordHash, hashingAlgorithm: SCRYPT, tags: [], limits };
}

describe("scrypt hashes", { timeout: SLOW_MS }, () => {
  test("match their password only, and no two are equal", async () => {
    const hash = await makePasswordHash("pässwörd", SCRYPT);
    expect(hash).not.toBe(await makePasswordHash("pässwörd", SCRYPT));
    expect(await verifyScrypt("pässwörd", hash)).toBe(true);
    expect(await verifyScrypt("passwort", hash)).toBe(false);
  });

  test.each([
    ["an empty one", ""],
    ["one of another form", Buffer.alloc(36).toString("base64")],
    ["one of another version", Buffer.from([2, 14, 8, 5, ...Buffer.alloc(48)]).toString("base64")],
    ["one that wants 1 TiB", Buffer.from([1, 30, 8, 1, ...Buffer.alloc(48)]).toString("base64")],
    [
      "one that would take a day",
      Buffer.from([1, 14, 8, 255, ...Buffer.alloc(48)]).toString("base64"),
    ],
    ["one of no cost", Buffer.from([1, 0, 0, 0, ...Buffer.alloc(48)]).toString("base64")],
  ])("%s matches nothing", async (_name, hash) => {
    expect(await verifyScrypt("", hash)).toBe(false);
  });

  test("a password that was right is known within the call the next time", async () => {
    const verifier = new PasswordVerifier(SCRYPT, () => 0);
    const ann = user("secret");
    const first = verifier.matches("secret", ann);
    expect(first).toBeInstanceOf(Promise);
    expect(await first).toBe(true);
    expect(verifier.matches("secret", ann)).toBe(true);
    expect(await verifier.matches("Secret", ann)).toBe(false);
  });

  test("a changed password is not known", async () => {
    const verifier = new PasswordVerifier(SCRYPT, () => 0);
    const ann = user("secret");
    await verifier.matches("secret", ann);
    const other = user("other");
    expect(await verifier.matches("secret", { ...ann, passwordHash: other.passwordHash })).toBe(
      false,
    );
  });

  test("what is known is forgotten after five minutes", async () => {
    let now = 0;
    const verifier = new PasswordVerifier(SCRYPT, () => now);
    const ann = user("secret");
    await verifier.matches("secret", ann);
    now = 299_999;
    expect(verifier.matches("secret", ann)).toBe(true);
    now = 300_000;
    expect(verifier.matches("secret", ann)).toBeInstanceOf(Promise);
  });

  test("who comes while the same password is checked does not have it checked again", async () => {
    const verifier = new PasswordVerifier(SCRYPT, () => 0);
    const ann = user("secret");
    expect(verifier.matches("secret", ann)).toBe(verifier.matches("secret", ann));
  });

  test("a user who does not exist takes as long", async () => {
    const verifier = new PasswordVerifier(SCRYPT, () => 0);
    const answer = verifier.matches("secret", undefined);
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toBe(false);
  });
});
