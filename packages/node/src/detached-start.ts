import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Config } from "./config/config.ts";

/** The child is left to itself after this time, ready or not. */
const WAIT_MAX_MS = 60_000;
const DEFAULT_LOG_FILE = "leveret.log";
/** The log file was chosen wrongly (architecture.md, "Running it"). */
const EXIT_USAGE = 64;
const READY = "leveret ready";

export interface DetachedOptions {
  /** File and arguments for node, without `--detached`. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly config: Config;
}

/** How the child's start ended. */
export type DetachedOutcome =
  | { readonly kind: "ready" | "still starting"; readonly pid: number; readonly logFile: string }
  | { readonly kind: "failed"; readonly exitCode: number; readonly text: string };

/**
 * Starts the broker as a process of its own session and waits until it serves, so that a script can go on
 * with a client. Its output goes to the log file, or without one to `leveret.log` in `cwd`.
 */
export async function startDetached(options: DetachedOptions): Promise<DetachedOutcome> {
  const { log } = options.config;
  const logFile = log.file ?? resolve(options.cwd, DEFAULT_LOG_FILE);
  const fd = openLog(logFile);
  if (typeof fd === "object") return fd;
  const { LEVERET_DETACHED: _, ...env } = options.env;
  const child = spawn(process.execPath, [...process.execArgv, ...options.command], {
    cwd: options.cwd,
    env,
    detached: true,
    // With a log file of its own the child's console is of no use, but its last words are.
    stdio: ["ignore", log.file === undefined ? fd : "ignore", fd, "ipc"],
  });
  closeSync(fd);
  const end = await firstNews(child);
  if (typeof end === "number") {
    return { kind: "failed", exitCode: end, text: `did not start, see ${logFile}` };
  }
  if (child.connected) child.disconnect();
  child.unref();
  return { kind: end, pid: child.pid ?? 0, logFile };
}

/** A file descriptor, or why there is none. */
function openLog(file: string): number | (DetachedOutcome & { readonly kind: "failed" }) {
  try {
    mkdirSync(dirname(file), { recursive: true });
    return openSync(file, "a");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "failed", exitCode: EXIT_USAGE, text: `the log cannot be opened: ${reason}` };
  }
}

/** To be called by the broker's process once clients can connect; does nothing if nobody waits. */
export function reportReady(): void {
  if (process.send === undefined) return;
  process.send(READY, () => {
    if (process.connected) process.disconnect();
  });
}

/** Resolves with an exit code, never 0, if the child ended. */
function firstNews(child: ChildProcess): Promise<"ready" | "still starting" | number> {
  return new Promise((resolveNews) => {
    const timer = setTimeout(() => resolveNews("still starting"), WAIT_MAX_MS);
    const settle = (news: "ready" | number): void => {
      clearTimeout(timer);
      resolveNews(news);
    };
    child.on("message", (message) => {
      if (message === READY) settle("ready");
    });
    child.once("exit", (code) => settle(code || 1));
    child.once("error", () => settle(1));
  });
}
