import { readdir, readFile, stat } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { ChildProgram } from "../test/clients/processes/child-program.ts";

const GIT_MAX_MS = 10_000;

/** Without these a figure means nothing. */
export interface Machine {
  readonly date: string;
  readonly commit: string;
  readonly node: string;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly kernel: string;
}

/** Facts of this machine and of what is measured on it. */
export async function describeMachine(): Promise<Machine> {
  const cores = cpus();
  return {
    date: new Date().toISOString(),
    commit: await commit(),
    node: process.version,
    cpu: `${cores.length} x ${cores[0]?.model ?? "unknown"}`,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
  };
}

/** "unknown" outside of a clone, or without git. */
async function commit(): Promise<string> {
  const git = new ChildProgram({ command: "git", arguments: ["describe", "--always", "--dirty"] });
  const code = await git.waitForExit(GIT_MAX_MS);
  return (code === 0 ? git.lines[0] : undefined) ?? "unknown";
}

/** Resident memory of a process in KiB, as the kernel tells it. */
export async function residentKb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(status);
  if (match?.[1] === undefined) throw new Error(`process ${pid} tells no VmRSS`);
  return Number(match[1]);
}

/** Ticks of the kernel's accounting in a second: 100 on all Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** User and system time of a process, in seconds. */
export async function cpuSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  // After the name, which is in brackets and may hold anything, comes field 3; utime and stime are 14 and 15.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The kernel counts CPU time in hundredths of a second on every Linux that Node runs on. */
const CLOCK_TICK_MS = 10;

/** CPU time that a process has used so far, of all its threads, ms. */
export async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // After the name, which is in brackets and may hold anything, comes field 3; utime and stime are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_MS;
}

const BLOCK_BYTES = 512;

/** What the files of a directory take on the disk; holes do not count. Files may come and go meanwhile. */
export async function diskBytes(directory: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { blocks } = await stat(join(entry.parentPath, entry.name)).catch(() => ({ blocks: 0 }));
    sum += blocks * BLOCK_BYTES;
  }
  return sum;
}
