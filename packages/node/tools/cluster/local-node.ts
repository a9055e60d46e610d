import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const LOOK_MS = 50;
const READY_LINE = '"msg":"leveret ready"';

/** What a node is started with. All ports are of 127.0.0.1. */
export interface LocalNodeOptions {
  readonly name: string;
  readonly main: string;
  readonly dataDir: string;
  readonly cookieFile: string;
  readonly logFile: string;
  readonly amqpPort: number;
  readonly clusterPort: number;
  readonly managementPort: number | "off";
  readonly prometheusPort: number | "off";
  /** NAME@HOST:PORT of all nodes. */
  readonly peers: readonly string[];
}

/** One node in a process of its own, which a terminal's Ctrl-C does not reach. */
export class LocalNode {
  readonly options: LocalNodeOptions;
  #child: ChildProcess | undefined;
  #exited: Promise<string> = Promise.resolve("never started");
  /** Of the log file, what was there before this start. */
  #logStart = 0;

  constructor(options: LocalNodeOptions) {
    this.options = options;
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.options.amqpPort}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** How it ended, for people. Resolves when the process is gone. */
  get exited(): Promise<string> {
    return this.#exited;
  }

  /** `main`: another version than at first. */
  start(main: string = this.options.main): void {
    const { logFile } = this.options;
    this.#logStart = this.#log().length;
    const log = openSync(logFile, "a");
    const parts = ["--initial-heap-size=128", main, ...this.#flags()];
    const child = spawn(process.execPath, parts, { stdio: ["ignore", log, log], detached: true });
    closeSync(log);
    this.#child = child;
    this.#exited = once(child, "exit").then(([code, signal]) => {
      this.#child = undefined;
      return typeof signal === "string" ? `killed by ${signal}` : `exit code ${code}`;
    });
  }

  /** Clients are served. @throws Error if it ends instead, or `timeoutMs` are over */
  async ready(timeoutMs: number): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const log = this.#log().subarray(this.#logStart);
      if (log.includes(READY_LINE)) return;
      if (!this.isRunning) {
        const last = log.toString("utf8").trimEnd().split("\n").at(-1) ?? "";
        throw new Error(`${this.options.name} has ended (${await this.#exited}): ${last}`);
      }
      if (performance.now() > deadlineMs) {
        throw new Error(`${this.options.name} is not ready: ${this.options.logFile} says why`);
      }
      await delay(LOOK_MS);
    }
  }

  signal(signal: "SIGTERM" | "SIGKILL"): void {
    this.#child?.kill(signal);
  }

  #log(): Buffer {
    try {
      return readFileSync(this.options.logFile);
    } catch {
      // Not there before the first start.
      return Buffer.alloc(0);
    }
  }

  #flags(): string[] {
    const { name, dataDir, cookieFile, peers, ...ports } = this.options;
    return [
      ...["--node-name", name, "--data-dir", dataDir, "--cookie-file", cookieFile],
      ...["--bind", "127.0.0.1", "--amqp-port", `${ports.amqpPort}`],
      ...["--cluster-port", `${ports.clusterPort}`],
      ...["--management-port", `${ports.managementPort}`],
      ...["--prometheus-port", `${ports.prometheusPort}`],
      ...["--log-format", "json"],
      ...peers.flatMap((peer) => ["--peer", peer]),
    ];
  }
}
