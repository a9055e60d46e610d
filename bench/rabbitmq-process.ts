import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChildProgram } from "../test/clients/processes/child-program.ts";
import type { BrokerProcess } from "../test/clients/processes/leveret-process.ts";
import { freePort } from "./free-port.ts";

/** Where Debian's package keeps the server, past the wrapper that wants to be another user. */
const DEBIAN_SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const READY_MAX_MS = 60_000;
const STOP_MAX_MS = 60_000;

/** A RabbitMQ of our own, with what it said of its version. */
export interface RabbitmqProcess extends BrokerProcess {
  readonly version: string;
  /** Ends it without giving it time for anything. */
  kill(): Promise<void>;
}

/** The server's script if RabbitMQ is installed where Debian puts it; undefined: it is not. */
export function findRabbitmq(): string | undefined {
  return existsSync(DEBIAN_SERVER) ? DEBIAN_SERVER : undefined;
}

export interface RabbitmqOptions {
  /** Where its directory is made, which stop() removes. */
  readonly parent?: string;
  /** A directory of its own instead, which is kept. */
  readonly home?: string;
  /** See `rabbitmqName`. */
  readonly nodeName?: string;
  /** Added to the environment, or instead of what is there. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts a private RabbitMQ without plugins on free ports. */
export async function startRabbitmq(
  server: string,
  { parent = tmpdir(), home, nodeName = rabbitmqName(), environment = {} }: RabbitmqOptions = {},
): Promise<RabbitmqProcess> {
  const directory = home ?? (await mkdtemp(join(parent, "leveret-rabbitmq-")));
  const amqpPort = await freePort();
  await writeFile(join(directory, "plugins"), "[].\n");
  const program = new ChildProgram({
    command: server,
    arguments: [],
    cwd: directory,
    environment: {
      HOME: directory,
      RABBITMQ_NODENAME: nodeName,
      RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
      RABBITMQ_NODE_PORT: String(amqpPort),
      RABBITMQ_DIST_PORT: String(await freePort()),
      RABBITMQ_MNESIA_BASE: join(directory, "data"),
      RABBITMQ_LOG_BASE: join(directory, "log"),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, "plugins"),
      RABBITMQ_CONFIG_FILE: join(directory, "none"),
      ...environment,
    },
  });
  const stop = async (): Promise<void> => {
    await endRabbitmq(program, "SIGTERM");
    if (home === undefined) await rm(directory, { recursive: true });
  };
  const kill = (): Promise<void> => endRabbitmq(program, "SIGKILL");
  try {
    await program.waitForLine("RabbitMQ", (line) => line.includes("completed with"), READY_MAX_MS);
    const url = `amqp://guest:guest@127.0.0.1:${amqpPort}/`;
    return { pid: await beamPid(program), amqpPort, url, version: versionOf(program), stop, kill };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A name that no RabbitMQ of another run has. */
export function rabbitmqName(suffix = ""): string {
  return `leveret-bench-${process.pid}${suffix}@localhost`;
}

/** Erlang ends cleanly at SIGTERM; the script that started it then ends too. */
async function endRabbitmq(program: ChildProgram, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (!program.isRunning) return;
  process.kill(await beamPid(program), signal);
  await program.waitForExit(STOP_MAX_MS);
}

/** The Erlang machine is a child of the start script. */
async function beamPid(program: ChildProgram): Promise<number> {
  const { pid } = program;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  for (const child of children.trim().split(" ")) {
    const command = await readFile(`/proc/${child}/comm`, "utf8");
    if (command.startsWith("beam")) return Number(child);
  }
  throw new Error(`process ${pid} has no Erlang machine among its children`);
}

function versionOf(program: ChildProgram): string {
  const line = program.lines.find((each) => /RabbitMQ \d/.test(each)) ?? "";
  return /RabbitMQ ([\d.]+)/.exec(line)?.[1] ?? "unknown";
}
