import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../bench/free-port.ts";
import { ChildProgram, runProgram } from "../clients/processes/child-program.ts";
import type { Target } from "./target.ts";

/** The release whose answers are recorded. */
export const RELEASE = "3.10.8";
const SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const READY_MAX_MS = 120_000;
const STOP_MAX_MS = 60_000;
const TOOL_MAX_MS = 10_000;
/** Statistics are gathered so often, which RabbitMQ does every five seconds by itself. */
const STATISTICS_INTERVAL_MS = 100;

/** Starts a private RabbitMQ with its management plugin. @throws Error if it is another release */
export async function startRabbitTarget(): Promise<Target> {
  const directory = await mkdtemp(join(tmpdir(), "leveret-rabbitmq-"));
  const [amqpPort, port, epmdPort, distPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const nodeName = `leveret-record-${process.pid}@localhost`;
  await mkdir(join(directory, "home"));
  await writeFile(join(directory, "plugins"), "[rabbitmq_management].\n");
  const settings = [
    `listeners.tcp.1 = 127.0.0.1:${amqpPort}`,
    "management.tcp.ip = 127.0.0.1",
    `management.tcp.port = ${port}`,
    `collect_statistics_interval = ${STATISTICS_INTERVAL_MS}`,
    "disk_free_limit.absolute = 1MB",
  ];
  await writeFile(join(directory, "rabbitmq.conf"), `${settings.join("\n")}\n`);
  const program = new ChildProgram({
    command: SERVER,
    arguments: [],
    cwd: directory,
    environment: {
      HOME: join(directory, "home"),
      ERL_EPMD_PORT: String(epmdPort),
      RABBITMQ_NODENAME: nodeName,
      RABBITMQ_DIST_PORT: String(distPort),
      RABBITMQ_MNESIA_BASE: join(directory, "data"),
      RABBITMQ_LOG_BASE: join(directory, "log"),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, "plugins"),
      RABBITMQ_CONFIG_FILE: join(directory, "rabbitmq"),
    },
  });
  const stop = async (): Promise<void> => {
    if (program.isRunning) {
      process.kill(await beamPid(program), "SIGTERM");
      await program.waitForExit(STOP_MAX_MS);
    }
    // The port mapper is a daemon that nobody else ends.
    await runProgram({
      command: "epmd",
      arguments: ["-port", String(epmdPort), "-kill"],
      timeoutMs: TOOL_MAX_MS,
    });
    await rm(directory, { recursive: true });
  };
  try {
    const isReady = (line: string): boolean => line.includes("completed with");
    await program.waitForLine("RabbitMQ", isReady, READY_MAX_MS);
    const banner = program.lines.find((line) => /RabbitMQ \d/.test(line)) ?? "";
    if (!banner.includes(RELEASE)) throw new Error(`RabbitMQ ${RELEASE} is needed: ${banner}`);
    return { port, amqpPort, nodeName, settleMs: 12 * STATISTICS_INTERVAL_MS, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The Erlang machine is a child of the start script. */
async function beamPid({ pid }: ChildProgram): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  for (const child of children.trim().split(" ")) {
    const command = await readFile(`/proc/${child}/comm`, "utf8");
    if (command.startsWith("beam")) return Number(child);
  }
  throw new Error(`process ${pid} has no Erlang machine among its children`);
}
