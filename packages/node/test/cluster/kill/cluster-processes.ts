import { mkdirSync, writeFileSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ControlClient } from "@leveret/control";
import { ChildProgram } from "../../../../../test/clients/processes/child-program.ts";

const READY_MAX_MS = 60_000;
const KILLED_MAX_MS = 15_000;
/** Leaders and votes move to other nodes first. */
const STOP_MAX_MS = 70_000;
const HOST = "localhost";
const COOKIE = "KILLEDCLUSTER";
/** What `npm start` runs. */
const MAIN: string = fileURLToPath(new URL("../../../dist/main.js", import.meta.url));

/** Where a member runs. */
interface NodePlace {
  /** Of its name; clients and other members reach it there. */
  readonly host: string;
  readonly amqpPort: number;
  readonly clusterPort: number;
  /** A program, with its arguments, that runs the node in its place; empty: it runs as it is. */
  readonly wrapper: readonly string[];
}

/** One member of the cluster, running or killed; it keeps its name, its data and its ports. */
interface Member extends NodePlace {
  readonly name: string;
  program: ChildProgram | undefined;
}

export interface ClusterProcessesOptions {
  /** For data and logs. */
  readonly directory: string;
  readonly count: number;
  /** Undefined: `dist`. */
  readonly main: string | undefined;
  /** As many as nodes. Default: free ports of this machine. */
  readonly places?: readonly NodePlace[];
  /** Content of their leveret.conf. Default: they have none. */
  readonly configuration?: string;
}

interface Led {
  readonly member: number;
  readonly term: number;
}

/** Nodes of one cluster in processes of their own, joined by configuration, that can be killed and started again. */
export class ClusterProcesses {
  readonly #options: ClusterProcessesOptions;
  readonly #members: readonly Member[];
  /** Who said last that it leads a queue, by the queue's name. */
  readonly #leaders = new Map<string, Led>();
  #written: Promise<void> = Promise.resolve();

  private constructor(options: ClusterProcessesOptions, members: readonly Member[]) {
    this.#options = options;
    this.#members = members;
  }

  /** All are running, and in one cluster. */
  static async start(options: ClusterProcessesOptions): Promise<ClusterProcesses> {
    const places = options.places ?? (await freePlaces(options.count));
    const members = places.map((place, index): Member => {
      return { ...place, name: `rabbit${index + 1}@${place.host}`, program: undefined };
    });
    const cluster = new ClusterProcesses(options, members);
    for (const index of members.keys()) cluster.spawn(index);
    for (const index of members.keys()) await cluster.ready(index);
    return cluster;
  }

  get indices(): readonly number[] {
    return [...this.#members.keys()];
  }

  nameOf(index: number): string {
    return this.#member(index).name;
  }

  urlOf(index: number): string {
    const { host, amqpPort } = this.#member(index);
    return `amqp://guest:guest@${ipOf(host)}:${amqpPort}/`;
  }

  isRunning(index: number): boolean {
    return this.#member(index).program?.isRunning === true;
  }

  /** Of the process; undefined: it does not run. */
  pidOf(index: number): number | undefined {
    const { program } = this.#member(index);
    return program?.isRunning === true ? program.pid : undefined;
  }

  /** The member that leads the queue, as the debug logs of all tell; undefined: nobody has said so. */
  leaderOf(queue: string): number | undefined {
    return this.#leaders.get(queue)?.member;
  }

  /** Starts the process. It serves when `ready` resolves. */
  spawn(index: number): void {
    const member = this.#member(index);
    const work = join(this.#options.directory, `work${index + 1}`);
    const { main = MAIN, configuration } = this.#options;
    mkdirSync(work, { recursive: true });
    if (configuration !== undefined) writeFileSync(join(work, "leveret.conf"), configuration);
    const [command = "", ...parts] = [
      ...member.wrapper,
      process.execPath,
      "--initial-heap-size=128",
      main,
      ...this.#flags(index),
    ];
    member.program = new ChildProgram({
      command,
      arguments: parts,
      cwd: work,
      onLine: (line) => this.#onLine(index, line),
    });
  }

  async ready(index: number): Promise<void> {
    const { name, program } = this.#member(index);
    if (program === undefined) throw new Error(`${name} was not started`);
    await program.waitForLine(
      `leveret ready of ${name}`,
      (line) => line.includes('"msg":"leveret ready"'),
      READY_MAX_MS,
    );
  }

  /** Of a node that is stopped by a signal, nothing is heard until it goes on. */
  signal(index: number, signal: "SIGSTOP" | "SIGCONT"): void {
    const { program } = this.#member(index);
    if (program?.isRunning === true) process.kill(program.pid, signal);
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(index: number): Promise<void> {
    const { program } = this.#member(index);
    if (program?.isRunning === true) process.kill(program.pid, "SIGKILL");
    await program?.waitForExit(KILLED_MAX_MS);
  }

  /** SIGTERM; resolves when the process is gone. @throws Error if that takes too long */
  async stop(index: number): Promise<void> {
    const { program } = this.#member(index);
    if (program?.isRunning === true) process.kill(program.pid, "SIGTERM");
    await program?.waitForExit(STOP_MAX_MS);
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    for (const index of this.indices) await this.kill(index);
    await this.#written;
  }

  /** Calls a method of a node as an operator's tool does. */
  async call(index: number, method: string, params?: unknown): Promise<unknown> {
    const { host, clusterPort } = this.#member(index);
    const client = await ControlClient.connect({
      host: ipOf(host),
      port: clusterPort,
      cookie: COOKIE,
      nodeName: `kill-test@${HOST}`,
    });
    try {
      return await client.call(method, params);
    } finally {
      client.close();
    }
  }

  #member(index: number): Member {
    const member = this.#members[index];
    if (member === undefined) throw new RangeError(`there is no node ${index}`);
    return member;
  }

  #flags(index: number): string[] {
    const { name, amqpPort, clusterPort } = this.#member(index);
    const peers = this.#members.flatMap((member) => [
      "--peer",
      `${member.name}:${member.clusterPort}`,
    ]);
    const ports = ["--amqp-port", `${amqpPort}`, "--cluster-port", `${clusterPort}`];
    const off = ["--management-port", "off", "--prometheus-port", "off"];
    const log = ["--log-format", "json", "--log-level", "debug"];
    const data = ["--data-dir", join(this.#options.directory, `data${index + 1}`)];
    return ["--node-name", name, "--cookie", COOKIE, ...data, ...ports, ...off, ...log, ...peers];
  }

  #onLine(index: number, line: string): void {
    const { directory } = this.#options;
    const log = join(directory, `node${index + 1}.log`);
    this.#written = this.#written.then(() => appendFile(log, `${line}\n`));
    const led = /"term":(\d+),.*"msg":"queue '([^']+)' in vhost '\/' is led by this node"/.exec(
      line,
    );
    if (led === null) return;
    const [, term = "0", queue = ""] = led;
    if (Number(term) <= (this.#leaders.get(queue)?.term ?? -1)) return;
    this.#leaders.set(queue, { member: index, term: Number(term) });
  }
}

function ipOf(host: string): string {
  return host === HOST ? "127.0.0.1" : host;
}

async function freePlaces(count: number): Promise<NodePlace[]> {
  const ports = await freePorts(count * 2);
  return Array.from({ length: count }, (_, index) => {
    const [amqpPort = 0, clusterPort = 0] = ports.slice(index * 2);
    return { host: HOST, amqpPort, clusterPort, wrapper: [] };
  });
}

/** Ports that were free a moment ago: each node has to know those of the others before it starts. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, () => {
            const address = server.address();
            resolve(typeof address === "object" && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
        }),
    ),
  );
  return ports;
}
