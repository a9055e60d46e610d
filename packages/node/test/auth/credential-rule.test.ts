import { describe, expect, test } from "vitest";
import { credentialRule } from "../../src/auth/credential-rule.ts";

describe("the rule for new passwords", () => {
  test("accepts everything unless told otherwise, the empty password too", () => {
    expect(credentialRule({ kind: "accept_everything" })("")).toBeUndefined();
  });

  test("refuses less characters than the minimum; a character is what a reader sees as one", () => {
    const rule = credentialRule({ kind: "min_password_length", minLength: 3 });
    for (const password of ["abc", "äöü", "e\u0301e\u0301e\u0301", "long enough"]) {
      expect(rule(password), password).toBeUndefined();
    }
    for (const password of ["", "ab", "äö", "e\u0301e\u0301"]) {
      expect(rule(password), password).toBe("minimum required password length is 3");
    }
  });

  test("refuses what its regular expression does not match", () => {
    const rule = credentialRule({ kind: "password_regexp", regexp: "^[a-z]+\\d$" });
    expect(rule("hare7")).toBeUndefined();
    expect(rule("hare")).toBe("provided password does not match the validator regular expression");
  });

  test("a regular expression with a mistake is an error at once", () => {
    expect(() => credentialRule({ kind: "password_regexp", regexp: "(" })).toThrow(
      "regular expression '(' is invalid",
    );
  });
});
