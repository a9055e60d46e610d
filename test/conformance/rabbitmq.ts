import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFINITIONS } from "./definitions.ts";
import { PROTOCOL_HEADER } from "./script/peer.ts";
import type { Target } from "./script/session.ts";
import { WireSocket } from "./wire/socket.ts";

/** The release whose behaviour is recorded. */
const RELEASE = "3.10.8";
/** Exchange types that Leveret has built in. */
const PLUGINS: readonly string[] = [
  "rabbitmq_consistent_hash_exchange",
  "rabbitmq_random_exchange",
  "rabbitmq_recent_history_exchange",
];
const START_MAX_MS = 120_000;
const POLL_INTERVAL_MS = 100;
const SERVER_PATHS: readonly string[] = [
  "/usr/lib/rabbitmq/bin/rabbitmq-server",
  `/opt/rabbitmq_server-${RELEASE}/sbin/rabbitmq-server`,
  "/opt/rabbitmq/sbin/rabbitmq-server",
  "/usr/local/sbin/rabbitmq-server",
  "/opt/homebrew/sbin/rabbitmq-server",
];

/** A private RabbitMQ: own ports, folders, node name and cookie. */
export interface PrivateRabbit {
  readonly target: Target;
  stop(): Promise<void>;
}

/** Starts RabbitMQ 3.10.8 with the definitions loaded. Throws when it is not installed or is another release. */
export async function startRabbit(): Promise<PrivateRabbit> {
  const server = SERVER_PATHS.find((path) => existsSync(path));
  if (server === undefined) {
    throw new Error(
      `RabbitMQ ${RELEASE} is needed to record, and none of these exists: ${SERVER_PATHS.join(", ")}`,
    );
  }
  const folder = await mkdtemp(join(tmpdir(), "leveret-conformance-"));
  const port = await freePort();
  const child = spawn(server, [], {
    env: await environment(folder, port),
    stdio: ["ignore", "ignore", "ignore"],
  });
  const target = { host: "127.0.0.1", port };
  const stop = async (): Promise<void> => {
    await terminate(child, join(folder, "pid"));
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    await untilReady(child, target);
    await checkRelease(target);
  } catch (error) {
    await stop();
    throw error;
  }
  return { target, stop };
}

async function environment(folder: string, port: number): Promise<NodeJS.ProcessEnv> {
  for (const name of ["home", "mnesia", "log"]) await mkdir(join(folder, name));
  await writeFile(join(folder, "plugins"), `[${PLUGINS.join(",")}].\n`);
  await writeFile(join(folder, "definitions.json"), JSON.stringify(DEFINITIONS));
  const settings = [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    `load_definitions = ${join(folder, "definitions.json")}`,
    "vm_memory_high_watermark.relative = 0.6",
    "disk_free_limit.absolute = 1MB",
  ];
  await writeFile(join(folder, "rabbitmq.conf"), `${settings.join("\n")}\n`);
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin",
    HOME: join(folder, "home"),
    LANG: "C.UTF-8",
    RABBITMQ_NODENAME: `conformance-${port}@localhost`,
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(await freePort()),
    RABBITMQ_BASE: folder,
    RABBITMQ_MNESIA_BASE: join(folder, "mnesia"),
    RABBITMQ_LOG_BASE: join(folder, "log"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "plugins"),
    RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
    RABBITMQ_CONF_ENV_FILE: join(folder, "none"),
    RABBITMQ_PID_FILE: join(folder, "pid"),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

async function untilReady(child: ChildProcess, target: Target): Promise<void> {
  const deadline = Date.now() + START_MAX_MS;
  while (!(await accepts(target))) {
    if (child.exitCode !== null) throw new Error(`RabbitMQ exited with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`RabbitMQ was not ready in ${START_MAX_MS} ms`);
    await pause();
  }
}

async function accepts(target: Target): Promise<boolean> {
  try {
    (await WireSocket.open(target.host, target.port)).destroy();
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ECONNREFUSED") return false;
    throw error;
  }
}

async function checkRelease(target: Target): Promise<void> {
  const socket = await WireSocket.open(target.host, target.port);
  socket.write(PROTOCOL_HEADER);
  await socket.waitFor(() => socket.inbox(0).length > 0, "connection.start");
  const properties = socket.inbox(0)[0]?.args["server-properties"];
  socket.destroy();
  const version =
    typeof properties === "object" && !Array.isArray(properties)
      ? properties["version"]
      : undefined;
  if (version !== `S ${RELEASE}`) {
    throw new Error(`the recordings are of RabbitMQ ${RELEASE}, but this is ${String(version)}`);
  }
}

/** Stops the node by the pid that it wrote; its shell ends with it. */
async function terminate(child: ChildProcess, pidFile: string): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, "exit");
  if (existsSync(pidFile)) process.kill(Number(await readFile(pidFile, "utf8")), "SIGTERM");
  else child.kill("SIGTERM");
  await exited;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
}
