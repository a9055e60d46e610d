import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

const PIECE = 65_536;

/**
 * Overwrites with zeros the second half of what is written of the file that was written last: what a broker loses that says
 * "stored" too early. For proof that the test sees it.
 * @returns what was done, for people
 */
export async function damageNewestFile(directory: string): Promise<string> {
  const path = await newestFile(directory);
  const file = await open(path, "r+");
  try {
    const end = await endOfContent(file);
    const from = Math.floor(end / 2);
    await file.write(Buffer.alloc(end - from), 0, end - from, from);
    return `${path}: ${end - from} bytes from ${from} on are zero`;
  } finally {
    await file.close();
  }
}

async function newestFile(directory: string): Promise<string> {
  let newest = { path: "", time: 0 };
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { mtimeMs, size } = await stat(path);
    if (size > PIECE && mtimeMs > newest.time) newest = { path, time: mtimeMs };
  }
  if (newest.path === "") throw new Error(`there is no log in ${directory}`);
  return newest.path;
}

/** Files are longer than what is written in them. */
async function endOfContent(file: Awaited<ReturnType<typeof open>>): Promise<number> {
  const { size } = await file.stat();
  const piece = Buffer.alloc(PIECE);
  for (let start = Math.floor((size - 1) / PIECE) * PIECE; start >= 0; start -= PIECE) {
    const { bytesRead } = await file.read(piece, 0, PIECE, start);
    for (let at = bytesRead - 1; at >= 0; at--) if (piece[at] !== 0) return start + at + 1;
  }
  return 0;
}
