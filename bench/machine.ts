import { readFile } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import { runProgram } from "../test/clients/processes/child-program.ts";

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

async function commit(): Promise<string> {
  const lines = await runProgram({
    command: "git",
    arguments: ["describe", "--always", "--dirty"],
    timeoutMs: 10_000,
  });
  return lines[0] ?? "unknown";
}

/** Resident memory of a process in KiB, as the kernel tells it. */
export async function residentKb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(status);
  if (match?.[1] === undefined) throw new Error(`process ${pid} tells no VmRSS`);
  return Number(match[1]);
}
