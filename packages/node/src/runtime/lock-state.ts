import { readFile } from "node:fs/promises";
import { isRunning, parseIdentity } from "./process-identity.ts";

/** Who has a data directory. stale: a process that does not run any more, at least not here. */
export type LockState =
  | { readonly kind: "free" }
  | { readonly kind: "held"; readonly pid: number }
  | { readonly kind: "stale"; readonly pid: number | undefined };

/** Looks at the lock of a data directory without touching it. */
export async function lockState(file: string): Promise<LockState> {
  let content: string;
  try {
    content = await readFile(file, "utf8");
  } catch {
    // Whether there is none or it cannot be read: nobody can be named.
    return { kind: "free" };
  }
  const holder = parseIdentity(content);
  if (holder === undefined) return { kind: "stale", pid: undefined };
  const { pid } = holder;
  return (await isRunning(holder)) ? { kind: "held", pid } : { kind: "stale", pid };
}
