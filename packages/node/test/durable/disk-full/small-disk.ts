import { mkdir, open, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../../../../../test/clients/processes/child-program.ts";

const MIB = 1024 * 1024;
const MOUNT_MAX_MS = 10_000;
const PIECES: readonly number[] = [MIB, 4096];

/** A real file system of a few hundred megabytes. Whoever mounts it unmounts it. */
export class SmallDisk {
  readonly path: string;

  #sizeMib: number;

  private constructor(path: string, sizeMib: number) {
    this.path = path;
    this.#sizeMib = sizeMib;
  }

  /** @throws Error without the rights of root */
  static async mount(path: string, sizeMib: number): Promise<SmallDisk> {
    await mkdir(path);
    await mountProgram("mount", ["-t", "tmpfs", "-o", `size=${sizeMib}m`, "tmpfs", path]);
    return new SmallDisk(path, sizeMib);
  }

  async unmount(): Promise<void> {
    await mountProgram("umount", ["--lazy", this.path]);
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.path);
    return bavail * bsize;
  }

  async usedBytes(): Promise<number> {
    const { blocks, bfree, bsize } = await statfs(this.path);
    return (blocks - bfree) * bsize;
  }

  /** Takes all space that is left, as another program may do. */
  async fill(): Promise<void> {
    const file = await open(this.#fillerPath, "a");
    try {
      for (const size of PIECES) await writeUntilFull(file, Buffer.alloc(size, 1));
    } finally {
      await file.close();
    }
  }

  /** Gives back what `fill` has taken. */
  async clear(): Promise<void> {
    await rm(this.#fillerPath);
  }

  /** A larger disk, as an operator may give it. */
  async grow(mib: number): Promise<void> {
    this.#sizeMib += mib;
    await mountProgram("mount", ["-o", `remount,size=${this.#sizeMib}m`, this.path]);
  }

  get #fillerPath(): string {
    return join(this.path, "filler");
  }
}

async function writeUntilFull(
  file: Awaited<ReturnType<typeof open>>,
  piece: Buffer,
): Promise<void> {
  try {
    for (;;) await file.appendFile(piece);
  } catch (error) {
    const isFull = error instanceof Error && "code" in error && error.code === "ENOSPC";
    if (!isFull) throw error;
  }
}

async function mountProgram(command: string, args: readonly string[]): Promise<void> {
  await runProgram({ command, arguments: args, timeoutMs: MOUNT_MAX_MS });
}
