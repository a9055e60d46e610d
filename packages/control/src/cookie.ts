import { randomBytes, randomInt, scryptSync } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { CookieFileError } from "./errors.ts";
import { COOKIE_SIZE_MAX } from "./limits.ts";

/** As Erlang makes them (auth.erl, create_cookie): 94 bits of chance. */
const GENERATED_SIZE = 20;
const OWNER_READS = 0o400;
const OTHERS_READ_OR_WRITE = 0o077;

/** Where a cookie comes from; the first that is set counts. */
export interface CookieSource {
  /** Given by the user in person, by a flag. */
  readonly value?: string | undefined;
  /** RABBITMQ_ERLANG_COOKIE. */
  readonly environment?: string | undefined;
  readonly file: string;
}

/** The cookie of a node; its file is made if there is none. @throws CookieFileError */
export function findOrMakeCookie(source: CookieSource): string {
  return givenCookie(source) ?? readCookie(source.file) ?? makeCookie(source.file);
}

/** The cookie of a tool: no file is made. undefined: there is none. @throws CookieFileError */
export function findCookie(source: CookieSource): string | undefined {
  return givenCookie(source) ?? readCookie(source.file);
}

function givenCookie({ value, environment }: CookieSource): string | undefined {
  if (value !== undefined) return checkCookie(value, "the cookie given");
  // Empty as unset: that is how container definitions unset a variable.
  if (environment === undefined || environment === "") return undefined;
  return checkCookie(environment, "the cookie in RABBITMQ_ERLANG_COOKIE");
}

/**
 * Reads a cookie file as Erlang does: one line, and nobody but its owner may read it. undefined: there is no such file.
 *
 * @throws CookieFileError
 */
export function readCookie(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw unusable(file, "read", error);
  }
  try {
    // Of the file that is open, not of the name: nobody can put another there in between.
    const mode = fstatSync(descriptor).mode;
    if (process.platform !== "win32" && (mode & OTHERS_READ_OR_WRITE) !== 0) {
      throw new CookieFileError(
        "unsafe",
        `cookie file ${file} must be accessible by owner only: its mode is ${(mode & 0o777).toString(8)}, run chmod 400 on it`,
      );
    }
    return checkCookie(
      readFileSync(descriptor, "latin1").replace(/[\r\n]+$/, ""),
      `cookie file ${file}`,
    );
  } catch (error) {
    throw error instanceof CookieFileError ? error : unusable(file, "read", error);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Makes a cookie file with a new cookie, mode 400, and its folder. If another process was faster, its cookie is taken.
 *
 * @throws CookieFileError
 */
export function makeCookie(file: string): string {
  const cookie = generateCookie();
  // Written whole under another name first: nobody ever reads a part, not even after a crash.
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeDraft(draft, cookie);
    return publish(draft, file) ? cookie : (readCookie(file) ?? cookie);
  } catch (error) {
    throw error instanceof CookieFileError ? error : unusable(file, "made", error);
  }
}

/** Twenty letters, as Erlang's. */
export function generateCookie(): string {
  return Array.from({ length: GENERATED_SIZE }, () =>
    String.fromCharCode(0x41 + randomInt(26)),
  ).join("");
}

/**
 * What may be shown of a cookie, so that people can see whether two are equal: eight hex digits that take long to compute
 * (about 50 ms and 16 MiB), so that trying cookies by it is slower than by the handshake.
 */
export function cookieHash(cookie: string): string {
  const known = hashes.get(cookie);
  if (known !== undefined) return known;
  const hash = scryptSync(cookie, "leveret cookie hash 1", 4).toString("hex");
  if (hashes.size >= HASHES_MAX) hashes.clear();
  hashes.set(cookie, hash);
  return hash;
}

/** A process has one cookie, or a few in tests. */
const HASHES_MAX = 16;
const hashes = new Map<string, string>();

function writeDraft(draft: string, cookie: string): void {
  const descriptor = openSync(draft, "wx", OWNER_READS);
  try {
    writeSync(descriptor, `${cookie}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** False: the file is there already. */
function publish(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
  } catch (error) {
    if (isSystemError(error, "EEXIST")) {
      unlinkSync(draft);
      return false;
    }
    renameSync(draft, file); // A file system without hard links.
    return true;
  }
  unlinkSync(draft);
  return true;
}

function checkCookie(cookie: string, what: string): string {
  if (cookie === "") throw new CookieFileError("invalid", `${what} is empty`);
  if (cookie.length > COOKIE_SIZE_MAX) {
    throw new CookieFileError("invalid", `${what} is longer than ${COOKIE_SIZE_MAX} characters`);
  }
  if (!/^[\x21-\x7e]+$/.test(cookie)) {
    throw new CookieFileError("invalid", `${what} has bad characters: printable ASCII only`);
  }
  return cookie;
}

function unusable(file: string, action: "read" | "made", cause: unknown): CookieFileError {
  const message = `cookie file ${file} cannot be ${action}: ${text(cause)}`;
  return new CookieFileError("unreadable", message, { cause });
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
