import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { totalmem } from "node:os";
import { dirname, resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { DiskProbe } from "./disk-monitor.ts";
import type { MemoryProbe } from "./memory-monitor.ts";

/** This process on this machine, or in its control group if that allows less memory (v1 and v2). */
export function processMemoryProbe(): MemoryProbe {
  return {
    used: () => process.memoryUsage.rss(),
    total: totalMemory,
    collect: fullCollector(),
  };
}

/** The file system that holds `directory`, or will: while it is not there, its nearest parent counts. */
export function directoryDiskProbe(directory: string): DiskProbe {
  return {
    free: async () => {
      const { bavail, bsize } = await statfs(nearestExisting(directory));
      return bavail * bsize; // What an unprivileged process may use, as `df` shows it.
    },
  };
}

function nearestExisting(directory: string): string {
  let candidate = resolve(directory);
  while (!existsSync(candidate) && dirname(candidate) !== candidate) candidate = dirname(candidate);
  return candidate;
}

function totalMemory(): number {
  const machine = totalmem();
  // 0: the system has no control groups; a huge number: they set no limit.
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(machine, constrained) : machine;
}

/** V8's own `gc()`, which is there only if the flag is set when a context is made; set up at the first use. */
function fullCollector(): () => void {
  let collect: (() => void) | undefined;
  return () => {
    if (collect === undefined) {
      setFlagsFromString("--expose-gc");
      collect = runInNewContext("gc") as () => void; // V8's documented name and shape.
      setFlagsFromString("--no-expose-gc");
    }
    collect();
  };
}
