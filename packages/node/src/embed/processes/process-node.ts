import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Config } from "../../config/config.ts";
import type { ClusterStatus } from "../../control/controlled-node.ts";
import type { LogLevel } from "../../logger.ts";
import type { NodeAnswer, NodeCall } from "./node-call.ts";

/** The program has the extension of this file: .ts when run from the sources. */
const PROGRAM: string = fileURLToPath(
  new URL(`node-program${import.meta.url.slice(-3)}`, import.meta.url),
);

export interface ProcessNodeOptions {
  /** Place in the cluster, from 0. */
  readonly index: number;
  readonly logLevel: LogLevel | undefined;
  /** Of Node.js; default: those of this process. */
  readonly nodeFlags: readonly string[] | undefined;
  /** It listens for other nodes at `127.0.0.1:PORT`. */
  onAddress(address: string): Promise<void>;
}

interface Waiting {
  resolve(answer: NodeAnswer): void;
  reject(error: Error): void;
}

/** One node of a cluster of processes. It keeps its name, its data and its ports from one start to the next. */
export class ProcessNode {
  readonly name: string;
  readonly #options: ProcessNodeOptions;
  #config: Config;
  #child: ChildProcess | undefined;
  #isPaused = false;
  #lastId = 0;
  readonly #waiting = new Map<number, Waiting>();

  constructor(config: Config, options: ProcessNodeOptions) {
    this.name = config.node.name;
    this.#config = config;
    this.#options = options;
  }

  /** Of its process; undefined: there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** A process is there, paused or not. */
  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Between `pause` and `resume`. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** The port that clients connect to; known after the first start. */
  get port(): number {
    return this.#config.listeners.tcp[0]?.port ?? 0;
  }

  /** For any AMQP client. */
  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}`;
  }

  /** Of the cluster port; as `leveretctl -n` takes it. */
  get target(): string {
    return `${this.name}:${this.#config.cluster.listener?.port ?? 0}`;
  }

  get dataDir(): string {
    return this.#config.node.dataDir ?? "";
  }

  /** The process begins: its cluster port is open, its broker is not started. @throws Error if it runs, or cannot */
  async open(): Promise<void> {
    if (this.#child !== undefined) throw new Error(`${this.name} is running`);
    const { nodeFlags, index, logLevel, onAddress } = this.#options;
    const child = fork(PROGRAM, [], {
      serialization: "advanced",
      ...(nodeFlags === undefined ? {} : { execArgv: [...nodeFlags] }),
    });
    this.#child = child;
    this.#isPaused = false;
    child.on("message", (message) => this.#onAnswer(message as NodeAnswer)); // The other end is node-program.
    child.once("exit", () => this.#onExit(child));
    child.once("error", () => this.#onExit(child));
    try {
      await this.call({ method: "open", config: this.#config, index, logLevel });
    } catch (error) {
      await this.kill();
      throw error;
    }
    await onAddress(`127.0.0.1:${this.#config.cluster.listener?.port ?? 0}`);
  }

  /** Resolves when clients are served. */
  async startApp(): Promise<void> {
    await this.call({ method: "startApp" });
  }

  /** `open` and `startApp`. */
  async start(): Promise<void> {
    await this.open();
    await this.startApp();
  }

  /** Becomes a member of the other node's cluster; before `startApp`. */
  async join(other: ProcessNode): Promise<void> {
    await this.call({ method: "join", target: other.target });
  }

  /** In good order, as by SIGTERM; nothing to do if it does not run. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.resume();
    await this.call({ method: "stop" });
    await ended(child, () => child.disconnect());
  }

  /** SIGKILL; nothing to do if it does not run. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child !== undefined) await ended(child, () => child.kill("SIGKILL"));
  }

  /** SIGSTOP: it keeps its connections, and does nothing. Not on Windows. */
  pause(): void {
    this.#isPaused = this.#child?.kill("SIGSTOP") ?? false;
  }

  /** It goes on after `pause`. */
  resume(): void {
    if (this.#isPaused) this.#child?.kill("SIGCONT");
    this.#isPaused = false;
  }

  async status(): Promise<ClusterStatus> {
    const { status } = await this.call({ method: "status" });
    if (status === undefined) throw new Error(`${this.name} gave no status`);
    return status;
  }

  /** @internal Tells the process, and waits for its answer. @throws Error what it answers, or that it has ended */
  async call(call: NodeCall): Promise<NodeAnswer> {
    const child = this.#child;
    if (child === undefined) throw new Error(`${this.name} is not running`);
    const id = ++this.#lastId;
    const answer = await new Promise<NodeAnswer>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      child.send({ id, call }, (error) => {
        if (error !== null) this.#settle(id, ({ reject: fail }) => fail(error));
      });
    });
    this.#keepPorts(answer);
    if (answer.error !== undefined) throw new Error(`${this.name}: ${answer.error}`);
    return answer;
  }

  #onAnswer(answer: NodeAnswer): void {
    this.#settle(answer.id, ({ resolve }) => resolve(answer));
  }

  #settle(id: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (waiting !== undefined) how(waiting);
  }

  #onExit(child: ChildProcess): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    const error = new Error(`the process of ${this.name} has ended`);
    for (const id of [...this.#waiting.keys()]) this.#settle(id, ({ reject }) => reject(error));
  }

  /** Others remember them. */
  #keepPorts({ ports: { port, clusterPort } }: NodeAnswer): void {
    const { listeners, cluster } = this.#config;
    const [first, ...others] = listeners.tcp;
    if (port !== undefined && first !== undefined) {
      const tcp = [{ ...first, port }, ...others];
      this.#config = { ...this.#config, listeners: { ...listeners, tcp } };
    }
    if (clusterPort !== undefined && cluster.listener !== undefined) {
      const listener = { ...cluster.listener, port: clusterPort };
      this.#config = { ...this.#config, cluster: { ...cluster, listener } };
    }
  }
}

function ended(child: ChildProcess, end: () => void): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    end();
  });
}
