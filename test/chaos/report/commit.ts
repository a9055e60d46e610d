import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT: string = fileURLToPath(new URL("../../..", import.meta.url));

/** Of the work tree, with a "+" if files differ from it; "unknown" without git. */
export function currentCommit(): string {
  const git = (...words: readonly string[]): string =>
    execFileSync("git", words, {
      cwd: ROOT,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  try {
    const isChanged = git("status", "--porcelain", "--untracked-files=no").trim() !== "";
    return `${git("rev-parse", "--short", "HEAD").trim()}${isChanged ? "+" : ""}`;
  } catch {
    return "unknown";
  }
}
