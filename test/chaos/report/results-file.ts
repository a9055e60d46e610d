import { appendFile, readFile } from "node:fs/promises";
import type { ChaosResult } from "./chaos-result.ts";

/** Results, a line each, as runs have added them; none if there is no file yet. */
export async function readResults(path: string): Promise<ChaosResult[]> {
  try {
    const text = await readFile(path, "utf8");
    // Only `addResult` writes it.
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as ChaosResult);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

export async function addResult(path: string, result: ChaosResult): Promise<void> {
  await appendFile(path, `${JSON.stringify(result)}\n`);
}
