import { readFileSync, rmSync, writeFileSync } from "node:fs";

/** Writes the process id to `file`, in place of what was there. Throws the file system's error. */
export function writePidFile(file: string): void {
  writeFileSync(file, `${process.pid}\n`);
}

/** Removes the file at the end, unless another process has taken it over. */
export function removePidFile(file: string): void {
  try {
    if (readFileSync(file, "utf8").trim() === String(process.pid)) rmSync(file, { force: true });
  } catch (error) {
    // Somebody removed it or its folder: then there is nothing left to do.
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
