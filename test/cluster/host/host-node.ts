import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ChildProgram } from "../../clients/processes/child-program.ts";

/** What `npm start` runs. */
const MAIN: string = fileURLToPath(new URL("../../../packages/node/dist/main.js", import.meta.url));
const READY_MAX_MS = 60_000;
const STOP_MAX_MS = 60_000;

export interface HostNodeOptions {
  readonly name: string;
  readonly amqpPort: number;
  readonly clusterPort: number;
  readonly directory: string;
  /** Of the host. */
  readonly environment: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
}

/** A node of a host: its process comes and goes, its data stay. */
export class HostNode {
  readonly #options: HostNodeOptions;
  #program: ChildProgram | undefined;

  constructor(options: HostNodeOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.#options.amqpPort}/`;
  }

  get isRunning(): boolean {
    return this.#program?.isRunning === true;
  }

  get clusterPort(): number {
    return this.#options.clusterPort;
  }

  /** Texts of this process's log, oldest first. */
  get log(): readonly string[] {
    return (this.#program?.lines ?? []).map(messageOf);
  }

  /** Starts the process, as users of RabbitMQ start several nodes on one host. */
  async start(...flags: readonly string[]): Promise<void> {
    const { name, amqpPort, clusterPort, directory, environment } = this.#options;
    const { HOME = "" } = environment;
    await mkdir(directory, { recursive: true });
    this.#program = new ChildProgram({
      command: process.execPath,
      arguments: ["--initial-heap-size=128", MAIN, ...this.#options.flags, ...flags],
      cwd: directory,
      environment: {
        ...environment,
        RABBITMQ_NODENAME: name,
        RABBITMQ_NODE_PORT: `${amqpPort}`,
        RABBITMQ_DIST_PORT: `${clusterPort}`,
        LEVERET_COOKIE_FILE: join(HOME, ".erlang.cookie"),
        LEVERET_MANAGEMENT_PORT: "off",
        LEVERET_PROMETHEUS_PORT: "off",
        LEVERET_LOG_FORMAT: "json",
      },
    });
  }

  async ready(): Promise<void> {
    await this.logged(/^leveret ready$/, READY_MAX_MS);
  }

  /** A line of the log that is there, or comes. */
  async logged(pattern: RegExp, timeoutMs: number = READY_MAX_MS): Promise<string> {
    const program = this.#started;
    const isWanted = (line: string): boolean => pattern.test(messageOf(line));
    return messageOf(await program.waitForLine(`${pattern} of ${this.name}`, isWanted, timeoutMs));
  }

  /** SIGTERM; the exit code. */
  async stop(): Promise<number> {
    const program = this.#started;
    if (program.isRunning) process.kill(program.pid, "SIGTERM");
    return program.waitForExit(STOP_MAX_MS);
  }

  /** The exit code of a process that ends by itself. */
  async exit(): Promise<number> {
    return this.#started.waitForExit(READY_MAX_MS);
  }

  /** kill -9, and its end. */
  async kill(): Promise<void> {
    const program = this.#program;
    if (program?.isRunning !== true) return;
    process.kill(program.pid, "SIGKILL");
    await program.waitForExit(STOP_MAX_MS);
  }

  /** The machine is lost, and another one with the same name takes its place. */
  async wipe(): Promise<void> {
    await this.kill();
    await rm(this.#options.directory, { recursive: true, force: true });
  }

  get #started(): ChildProgram {
    if (this.#program === undefined) throw new Error(`${this.name} was not started`);
    return this.#program;
  }
}

function messageOf(line: string): string {
  const [, text] = /"msg":("(?:[^"\\]|\\.)*")/.exec(line) ?? [];
  return text === undefined ? line : String(JSON.parse(text));
}
