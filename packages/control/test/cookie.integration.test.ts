import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  cookieHash,
  findCookie,
  findOrMakeCookie,
  generateCookie,
  makeCookie,
  readCookie,
} from "../src/cookie.ts";
import { CookieFileError } from "../src/errors.ts";

describe("the cookie", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "leveret-cookie-"));
    file = join(folder, "data", "cookie");
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function write(text: string, mode = 0o400): string {
    const name = join(folder, "written");
    rmSync(name, { force: true });
    writeFileSync(name, text);
    chmodSync(name, mode);
    return name;
  }

  function problemOf(read: () => unknown): CookieFileError {
    try {
      read();
    } catch (error) {
      if (error instanceof CookieFileError) return error;
      throw error;
    }
    throw new Error("it can be read");
  }

  test("is made once: twenty letters, for the owner alone, with the folder, and nothing beside it", () => {
    const cookie = findOrMakeCookie({ file });
    expect(cookie).toMatch(/^[A-Z]{20}$/);
    expect(readFileSync(file, "utf8")).toBe(`${cookie}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o400);
    expect(findOrMakeCookie({ file })).toBe(cookie);
    expect(makeCookie(file)).toBe(cookie);
    expect(readdirSync(join(folder, "data"))).toEqual(["cookie"]);
    expect(new Set(Array.from({ length: 100 }, generateCookie)).size).toBe(100);
  });

  test("that is given counts before the environment, and that before the file", () => {
    const sources = { value: "VALUE", environment: "ENVIRONMENT", file: write("FILE") };
    expect(findCookie(sources)).toBe("VALUE");
    expect(findCookie({ ...sources, value: undefined })).toBe("ENVIRONMENT");
    expect(findCookie({ ...sources, value: undefined, environment: "" })).toBe("FILE");
    expect(findCookie({ file })).toBeUndefined();
  });

  test.each([
    ["COOKIE\n", "COOKIE"],
    ["COOKIE\r\n\n", "COOKIE"],
    ["a-b_c!~", "a-b_c!~"],
  ])("of a file with %j is %s", (text, cookie) => {
    expect(readCookie(write(text))).toBe(cookie);
  });

  test.each([
    ["", "is empty"],
    ["\n", "is empty"],
    ["two words", "bad characters"],
    ["two\nlines", "bad characters"],
    ["ümlaut", "bad characters"],
    ["x".repeat(256), "longer than 255"],
  ])("cannot be %j", (text, problem) => {
    const error = problemOf(() => readCookie(write(text)));
    expect(error.code).toBe("invalid");
    expect(error.message).toContain(problem);
  });

  test.each([0o440, 0o404, 0o644, 0o420])("is refused if others may use its file: %o", (mode) => {
    const error = problemOf(() => readCookie(write("COOKIE", mode)));
    expect(error.code).toBe("unsafe");
    expect(error.message).toContain("must be accessible by owner only");
    expect(error.message).toContain(mode.toString(8));
  });

  test("says which file the system does not give", () => {
    expect(problemOf(() => readCookie(folder))).toMatchObject({ code: "unreadable" });
    expect(problemOf(() => makeCookie(join(write("x"), "cookie"))).message).toContain(
      "cannot be made",
    );
  });

  test("has a hash that can be shown and compared", () => {
    expect(cookieHash("COOKIE")).toMatch(/^[0-9a-f]{8}$/);
    expect(cookieHash("COOKIE")).toBe(cookieHash("COOKIE"));
    expect(cookieHash("COOKIE")).not.toBe(cookieHash("COOKIF"));
  });
});
