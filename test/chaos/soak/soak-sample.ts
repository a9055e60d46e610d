import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

const MIB = 1024 * 1024;

/** One process at one moment. */
export interface NodeSample {
  readonly node: number;
  /** Which life of the node: it is counted up by each start. */
  readonly life: number;
  /** Since the soak began, and since this life did, s. */
  readonly atS: number;
  readonly ageS: number;
  readonly rssMib: number;
  readonly handles: number;
  readonly diskMib: number;
}

/** Clients in the time since the sample before. */
export interface LoadSample {
  readonly atS: number;
  readonly confirmsPerS: number;
  readonly deliveriesPerS: number;
  /** From publishing to the confirm, ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the machine, over the last minute: all that wants its processors. */
  readonly loadAverage: number;
}

/** Resident set, MiB; of Linux. */
export async function rssOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}

/** Open files and sockets. */
export async function handlesOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** What is allocated for all files below a directory, MiB. Files may go meanwhile. */
export async function diskUse(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    bytes += await stat(path).then(
      ({ blocks }) => blocks * 512,
      () => 0,
    );
  }
  return bytes / MIB;
}
