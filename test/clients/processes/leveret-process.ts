import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ChildProgram } from "./child-program.ts";

const READY_MAX_MS = 20_000;
const KILLED_MAX_MS = 15_000;
/** What `npm start` runs. */
const MAIN: string = fileURLToPath(new URL("../../../packages/node/dist/main.js", import.meta.url));

/** What node is given by `npm start`. */
export const PRODUCT: readonly string[] = ["--initial-heap-size=128", MAIN];

/** A broker in a process of its own. */
export interface BrokerProcess {
  /** The process that does the work, for CPU and memory figures. */
  readonly pid: number;
  readonly amqpPort: number;
  readonly url: string;
  /** Ends it; fails when it does not end as a broker should. */
  stop(): Promise<void>;
}

/** How our broker is started. */
export interface LeveretOptions {
  /** Where it stores; undefined: in memory. */
  readonly dataDirectory?: string;
  /** More flags of the command line. */
  readonly flags?: readonly string[];
  /** Given to node: flags, if any, and the script. */
  readonly program?: readonly string[];
  /** How long it may take to accept connections, ms. */
  readonly readyMaxMs?: number;
  /** How long it may take to stop, ms. */
  readonly stopMaxMs?: number;
  /** Called with each line of its log. */
  readonly onLine?: (line: string) => void;
}

/** Our broker, started and perhaps not ready yet. Whoever makes it stops or kills it. */
export class LeveretProcess {
  readonly #options: LeveretOptions;
  readonly #program: ChildProgram;

  /** `directory`: where it runs; an empty one, so that no leveret.conf of the developer's is read. */
  constructor(directory: string, options: LeveretOptions = {}) {
    this.#options = options;
    const { dataDirectory, flags = [], program = PRODUCT, onLine } = options;
    const store = dataDirectory === undefined ? ["--in-memory"] : ["--data-dir", dataDirectory];
    const ports = ["--amqp-port", "0", "--management-port", "off", "--prometheus-port", "off"];
    const rest = ["--cluster-port", "off", "--log-format", "json", ...flags];
    this.#program = new ChildProgram({
      command: process.execPath,
      arguments: [...program, ...store, ...ports, ...rest],
      cwd: directory,
      ...(onLine === undefined ? {} : { onLine }),
    });
  }

  get pid(): number {
    return this.#program.pid;
  }

  get isRunning(): boolean {
    return this.#program.isRunning;
  }

  /** The newest lines of its log. */
  get lines(): readonly string[] {
    return this.#program.lines;
  }

  /** The port of plain AMQP, when clients can connect. @throws Error if that takes too long, or it ends */
  async ready(): Promise<number> {
    const { readyMaxMs = READY_MAX_MS } = this.#options;
    return readyPort(await this.#program.waitForLine("leveret ready", isReadyLine, readyMaxMs));
  }

  /** SIGTERM. @throws Error if it does not end with exit code 0, or not in time */
  async stop(): Promise<void> {
    const { stopMaxMs = KILLED_MAX_MS } = this.#options;
    if (this.#program.isRunning) process.kill(this.#program.pid, "SIGTERM");
    const code = await this.#program.waitForExit(stopMaxMs);
    if (code !== 0) {
      throw new Error(`the broker exited with ${code}: ${this.lines.slice(-20).join("\n")}`);
    }
  }

  /** SIGKILL; returns when the process is gone. */
  async kill(): Promise<void> {
    if (this.#program.isRunning) process.kill(this.#program.pid, "SIGKILL");
    await this.#program.waitForExit(KILLED_MAX_MS);
  }
}

/** Starts our broker from `dist` on a free port, and waits until clients can connect. In memory, unless told otherwise. */
export async function startLeveret(options: LeveretOptions = {}): Promise<BrokerProcess> {
  const directory = await mkdtemp(join(tmpdir(), "leveret-"));
  const broker = new LeveretProcess(directory, options);
  try {
    const amqpPort = await broker.ready();
    return {
      pid: broker.pid,
      amqpPort,
      url: `amqp://guest:guest@127.0.0.1:${amqpPort}/`,
      stop: async () => {
        try {
          await broker.stop();
        } finally {
          await rm(directory, { recursive: true });
        }
      },
    };
  } catch (error) {
    await broker.kill();
    await rm(directory, { recursive: true });
    throw error;
  }
}

function isReadyLine(line: string): boolean {
  return line.includes('"msg":"leveret ready"');
}

function readyPort(line: string): number {
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed === "object" && parsed !== null && "ports" in parsed) {
    const { ports } = parsed;
    if (typeof ports === "object" && ports !== null && "amqp" in ports) {
      if (typeof ports.amqp === "number") return ports.amqp;
    }
  }
  throw new Error(`no ports.amqp in ${line}`);
}
