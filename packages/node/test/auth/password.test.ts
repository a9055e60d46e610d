import { describe, expect, test } from "vitest";
import { hashPassword, verifyPassword } from "../../src/auth/password.ts";

const ALGORITHMS = [
  "rabbit_password_hashing_sha256",
  "rabbit_password_hashing_sha512",
  "rabbit_password_hashing_md5",
] as const;

describe("password hashes", () => {
  test("a hash made by RabbitMQ 3.10.8 is understood", () => {
    const user = {
      passwordHash: "YPFIWsZ98Ny7c8ro5Pvizgxz+96wa9JQ4f/GKGnaVpT70s/g",
      hashingAlgorithm: "rabbit_password_hashing_sha256",
    } as const;
    expect(verifyPassword("guest", user)).toBe(true);
    expect(verifyPassword("guest2", user)).toBe(false);
  });

  test("the hash starts with the salt and depends on nothing else", () => {
    const salt = Buffer.from("60f1485a", "hex");
    expect(hashPassword("guest", salt)).toBe("YPFIWsZ98Ny7c8ro5Pvizgxz+96wa9JQ4f/GKGnaVpT70s/g");
  });

  test.each(ALGORITHMS)("%s verifies what it hashed", (hashingAlgorithm) => {
    const passwordHash = hashPassword("pässwörd", Buffer.from([1, 2, 3, 4]), hashingAlgorithm);
    expect(verifyPassword("pässwörd", { passwordHash, hashingAlgorithm })).toBe(true);
    expect(verifyPassword("password", { passwordHash, hashingAlgorithm })).toBe(false);
  });

  test.each(["", "AAAA", "####", "YPFIWg=="])("hash '%s' matches no password", (passwordHash) => {
    const user = { passwordHash, hashingAlgorithm: "rabbit_password_hashing_sha256" } as const;
    for (const password of ["", "AAAA", passwordHash]) {
      expect(verifyPassword(password, user)).toBe(false);
    }
  });
});
