import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

const STOP_MAX_MS = 15_000;
/** Lines kept for error messages and for whoever waits; a talkative program loses its oldest ones. */
const LINES_MAX = 20_000;

/** How a program is started. */
export interface ProgramOptions {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly cwd?: string;
  /** Added to this process's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with each line as it comes, from either stream. */
  readonly onLine?: (line: string) => void;
}

/** A child process whose output is read line by line. Must be stopped or waited for by whoever started it. */
export class ChildProgram {
  readonly lines: string[] = [];
  readonly #options: ProgramOptions;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number>;
  #isRunning = true;

  constructor(options: ProgramOptions) {
    this.#options = options;
    this.#child = spawn(options.command, options.arguments, {
      stdio: ["ignore", "pipe", "pipe"],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      // biome-ignore lint/style/noProcessEnv: a child program needs the PATH and HOME of its parent
      env: { ...process.env, ...options.environment },
    });
    this.#exited = this.#waitForEnd();
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", (line) => this.#add(line));
    }
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.#options.command} could not be started`);
    return pid;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** The first line, past or future, for which `isWanted` holds; fails when the program ends or time is out. */
  async waitForLine(
    what: string,
    isWanted: (line: string) => boolean,
    timeoutMs: number,
  ): Promise<string> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const hasEnded = !this.#isRunning;
      const found = this.lines.find(isWanted);
      if (found !== undefined) return found;
      if (hasEnded || Date.now() > deadline) {
        const reason = hasEnded ? "ended" : `did not print it in ${timeoutMs} ms`;
        throw new Error(`waiting for ${what}: ${this.#describe()} ${reason}: ${this.#tail()}`);
      }
      await delay(10);
    }
  }

  /** The exit code; -1 after a signal. A program that takes longer than `timeoutMs` is killed. */
  async waitForExit(timeoutMs: number): Promise<number> {
    const timeout = delay(timeoutMs, "timeout" as const, { ref: false });
    const code = await Promise.race([this.#exited, timeout]);
    if (code !== "timeout") return code;
    await this.stop();
    throw new Error(`${this.#describe()} took longer than ${timeoutMs} ms: ${this.#tail()}`);
  }

  /** SIGTERM, and SIGKILL when that does not help; returns the exit code. */
  async stop(): Promise<number> {
    if (this.#isRunning) this.#child.kill("SIGTERM");
    const timeout = delay(STOP_MAX_MS, "timeout" as const, { ref: false });
    const code = await Promise.race([this.#exited, timeout]);
    if (code !== "timeout") return code;
    this.#child.kill("SIGKILL");
    return this.#exited;
  }

  async #waitForEnd(): Promise<number> {
    try {
      // "close" comes after the last line was read, "exit" may come before it.
      const [code] = await once(this.#child, "close");
      return typeof code === "number" ? code : -1;
    } catch (error) {
      this.#add(error instanceof Error ? error.message : String(error));
      return -1;
    } finally {
      this.#isRunning = false;
    }
  }

  #add(line: string): void {
    if (this.lines.length === LINES_MAX) this.lines.splice(0, LINES_MAX / 2);
    this.lines.push(line);
    this.#options.onLine?.(line);
  }

  #describe(): string {
    return [this.#options.command, ...this.#options.arguments].join(" ");
  }

  #tail(): string {
    return this.lines.slice(-20).join(" | ");
  }
}

/** Runs a program to its end and returns its output; fails when it exits with another code than 0. */
export async function runProgram(
  options: ProgramOptions & { readonly timeoutMs: number },
): Promise<readonly string[]> {
  const program = new ChildProgram(options);
  const code = await program.waitForExit(options.timeoutMs);
  if (code !== 0) {
    const command = [options.command, ...options.arguments].join(" ");
    throw new Error(`${command} exited with ${code}: ${program.lines.slice(-40).join("\n")}`);
  }
  return program.lines;
}
