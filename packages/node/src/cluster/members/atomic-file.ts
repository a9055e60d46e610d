import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

const MODE = 0o640;

/** Replaces a file as a whole: after a crash it has the old content or the new one. Durable when it resolves. */
export async function writeFileAtomically(path: string, content: string): Promise<void> {
  const draft = `${path}.tmp`;
  const file = await open(draft, "w", MODE);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncDirectory(dirname(path));
}

/** Removes files and folders, those that are not there as well. Durable when it resolves. */
export async function removeDurably(directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) await rm(join(directory, name), { recursive: true, force: true });
  await syncDirectory(directory);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
