import { readFile } from "node:fs/promises";

/**
 * Names a process for as long as the machine runs. A number alone does not: it is given again to others, soon in a
 * container, and after a restart of the machine.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Of this run of the machine; "": the system does not tell. */
  readonly bootId: string;
  /** When the process started, in the system's own terms; "": the system does not tell. */
  readonly startTime: string;
}

/** Position of the start time in /proc/<pid>/stat, counted behind the program's name (proc(5): field 22). */
const START_TIME_FIELD = 19;

/** This process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  return {
    pid: process.pid,
    bootId: await bootId(),
    startTime: (await startTimeOf(process.pid)) ?? "",
  };
}

/** The process that a lock names. Undefined: it names none, for instance as it was cut short by a loss of power. */
export function parseIdentity(content: string): ProcessIdentity | undefined {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { pid, bootId, startTime } = value as Record<string, unknown>; // Fields are checked below.
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (typeof bootId !== "string" || typeof startTime !== "string") return undefined;
  return { pid, bootId, startTime };
}

/** Whether the process that was called so still runs. In doubt it does. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  if (identity.bootId !== (await bootId())) return false;
  if (!exists(identity.pid)) return false;
  const startTime = await startTimeOf(identity.pid);
  return startTime === undefined || identity.startTime === "" || startTime === identity.startTime;
}

async function bootId(): Promise<string> {
  return ((await readOrUndefined("/proc/sys/kernel/random/boot_id")) ?? "").trim();
}

async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readOrUndefined(`/proc/${pid}/stat`);
  // The program's name, in parentheses, may itself hold spaces and parentheses.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[START_TIME_FIELD];
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not ours to signal, but there. The type of what is caught is unknown; system errors have a code.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function readOrUndefined(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    // Not this system, or no such process.
    return undefined;
  }
}
