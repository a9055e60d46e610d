import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Random } from "../../../packages/raft/src/core/random.ts";

const BLOCK = 4096;
/**
 * What is before the end of a file's content stays whole: the last batch may be cut, as nobody can tell it from one that
 * was never finished, and a cut counts as lost by this node.
 */
const TAIL_BYTES = 64 * 1024;
const SCAN_BYTES = 64 * 1024;

type File = Awaited<ReturnType<typeof open>>;

/** Damages one file of a log, in its middle, as a disk may. Returns what was done; undefined: there is nothing to damage yet. */
export async function damageLog(directory: string, random: Random): Promise<string | undefined> {
  const names = (await readdir(directory)).filter((name) => /\.(hot|cold)$/.test(name)).sort();
  const candidates: { readonly name: string; readonly end: number }[] = [];
  for (const name of names) {
    const file = await open(join(directory, name), "r");
    const end = (await contentEnd(file)) - TAIL_BYTES;
    await file.close();
    if (end > BLOCK) candidates.push({ name, end });
  }
  const chosen = candidates[random.below(candidates.length)];
  if (chosen === undefined) return undefined;
  const file = await open(join(directory, chosen.name), "r+");
  try {
    const at = random.below(chosen.end - BLOCK);
    return `${chosen.name}: ${await damageAt(file, at, chosen.end, random)}`;
  } finally {
    await file.close();
  }
}

async function damageAt(file: File, at: number, end: number, random: Random): Promise<string> {
  switch (random.below(4)) {
    case 0: {
      const [byte = 0] = await read(file, at, 1);
      await file.write(Buffer.from([byte ^ (1 << random.below(8))]), 0, 1, at);
      return `a bit flipped at ${at}`;
    }
    case 1:
      await file.write(Buffer.alloc(BLOCK), 0, BLOCK, at);
      return `${BLOCK} zeros at ${at}`;
    case 2: {
      const noise = Buffer.from(Array.from({ length: BLOCK }, () => random.below(256)));
      await file.write(noise, 0, BLOCK, at);
      return `${BLOCK} bytes of noise at ${at}`;
    }
    default: {
      const from = random.below(end - BLOCK);
      await file.write(await read(file, from, BLOCK), 0, BLOCK, at);
      return `${BLOCK} bytes of ${from} copied to ${at}`;
    }
  }
}

/** Files are filled with zeros before they are written. */
async function contentEnd(file: File): Promise<number> {
  const { size } = await file.stat();
  const zeros = Buffer.alloc(SCAN_BYTES);
  for (let end = size; end > 0; end -= SCAN_BYTES) {
    const start = Math.max(0, end - SCAN_BYTES);
    const bytes = await read(file, start, end - start);
    // Byte by byte only where it has to be: files are large, and the clients are in this process.
    if (bytes.equals(zeros.subarray(0, bytes.length))) continue;
    return start + bytes.findLastIndex((byte) => byte !== 0) + 1;
  }
  return 0;
}

async function read(file: File, at: number, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  await file.read(bytes, 0, size, at);
  return bytes;
}
