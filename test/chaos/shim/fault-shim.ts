import { execFileSync } from "node:child_process";
import { closeSync, openSync, readSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCE: string = fileURLToPath(new URL("fault-shim.c", import.meta.url));
/** As in the C source: clock offset, delay and error of syncs; then what was done of each, counted by the process. */
const LAYOUT = {
  clockOffset: 0,
  delay: 8,
  error: 12,
  delayed: 16,
  failed: 24,
  shifted: 32,
} as const;
const SIZE = 40;
const NS_PER_MS = 1_000_000n;

/** How often a process has met its faults. */
export interface ShimCounts {
  readonly delayed: number;
  readonly failed: number;
  readonly shifted: number;
}

/** Compiles the shim with gcc. Returns the library. @throws Error with what the compiler says */
export function buildShim(directory: string): string {
  const library = join(directory, "fault-shim.so");
  const flags = ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-U_FORTIFY_SOURCE"];
  execFileSync("gcc", [...flags, "-o", library, SOURCE, "-ldl"], { encoding: "utf8" });
  return library;
}

/** Faults of one node's system calls, in this life and the next ones. */
export class FaultShim {
  readonly #path: string;
  readonly #library: string;

  /** `path`: of the file by which the process is told; it is made. */
  constructor(library: string, path: string) {
    this.#library = library;
    this.#path = path;
    writeFileSync(path, Buffer.alloc(SIZE));
  }

  /** What a program is started with: words before its own. */
  get wrapper(): readonly string[] {
    return ["env", `LD_PRELOAD=${this.#library}`, `CHAOS_CONTROL=${this.#path}`];
  }

  /** Each sync, and each write that is one, takes so much longer, ms. */
  slowDown(ms: number): void {
    this.#write(LAYOUT.delay, (bytes) => bytes.writeUInt32LE(Math.round(ms * 1000)), 4);
  }

  /** Each sync fails with this number of <errno.h>; 0: none does. */
  failWith(errno: number): void {
    this.#write(LAYOUT.error, (bytes) => bytes.writeInt32LE(errno), 4);
  }

  /** The wall clock is so much ahead, ms. */
  shiftClock(ms: number): void {
    const nanoseconds = BigInt(Math.round(ms)) * NS_PER_MS;
    this.#write(LAYOUT.clockOffset, (bytes) => bytes.writeBigInt64LE(nanoseconds), 8);
  }

  heal(): void {
    this.slowDown(0);
    this.failWith(0);
    this.shiftClock(0);
  }

  get counts(): ShimCounts {
    const bytes = Buffer.alloc(SIZE);
    const file = openSync(this.#path, "r");
    try {
      readSync(file, bytes, 0, SIZE, 0);
    } finally {
      closeSync(file);
    }
    const at = (offset: number): number => Number(bytes.readBigUInt64LE(offset));
    return {
      delayed: at(LAYOUT.delayed),
      failed: at(LAYOUT.failed),
      shifted: at(LAYOUT.shifted),
    };
  }

  #write(offset: number, fill: (bytes: Buffer) => void, size: number): void {
    const bytes = Buffer.alloc(size);
    fill(bytes);
    const file = openSync(this.#path, "r+");
    try {
      writeSync(file, bytes, 0, size, offset);
    } finally {
      closeSync(file);
    }
  }
}
