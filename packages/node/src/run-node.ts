import { CookieFileError } from "@leveret/control";
import { formatBanner } from "./banner.ts";
import type { BrokerNode } from "./broker/broker-node.ts";
import type { Config } from "./config/config.ts";
import { ConfigError } from "./config/config-error.ts";
import type { Environment } from "./config/given-flags.ts";
import type { LoadedConfig } from "./config/load-config.ts";
import { ListenError } from "./connection/listen-error.ts";
import { TlsOptionsError } from "./connection/tls-options.ts";
import { reportReady } from "./detached-start.ts";
import { enterLocalNode, localAddress } from "./local-entry.ts";
import { type Logging, type LogOutput, openLogging } from "./logger.ts";
import { DefinitionsError } from "./metadata/definitions.ts";
import { writePidFile } from "./pid-file.ts";
import { ProcessEnding } from "./process-ending.ts";
import { PRODUCT } from "./product.ts";
import { ClusterError } from "./shell/cluster-error.ts";
import { NodeShell } from "./shell/node-shell.ts";
import { StorageError } from "./storage/storage-error.ts";

/** Wrong usage or configuration (architecture.md, "Running it"). */
const EXIT_USAGE = 64;
/** The data directory cannot be used, or a disk failed. */
const EXIT_STORAGE = 70;
/** The other nodes of its cluster were not there in time. */
const EXIT_CLUSTER = 75;
/** Anything else that keeps the node from starting: a port in use, a file that cannot be read. */
const EXIT_FAILURE = 1;

/** Runs the broker in this process until a signal ends it. Resolves when it serves, or could not start. */
export async function runNode(loaded: LoadedConfig, env: Environment): Promise<void> {
  const { config, warnings, notices } = loaded;
  const logging = openLogs(config);
  if (logging === undefined) return;
  for (const warning of warnings) logging.root.warn(warning);
  for (const notice of notices) logging.root.info(notice);
  const ending = new ProcessEnding(logging);
  ending.watchSignals();
  const shell = await start({ config, env }, logging, ending);
  if (ending.hasBegun) return;
  const node = shell?.broker;
  if (shell === undefined || node === undefined) {
    logging.close();
    return;
  }
  if (!noteProcessId(config, logging)) {
    await shell.close();
    logging.close();
    return;
  }
  ending.started();
  announce(shell, node, logging);
}

/** undefined: a log file cannot be opened, which is said on stderr as there is no log yet. */
function openLogs(config: Config): Logging | undefined {
  try {
    return openLogging({
      outputs: logOutputs(config),
      categoryLevels: config.log.categoryLevels,
      audit: auditOutput(config),
    });
  } catch (error) {
    process.stderr.write(`leveret: a log file cannot be opened: ${textOf(error)}\n`);
    process.exitCode = EXIT_USAGE;
    return undefined;
  }
}

function auditOutput({ log }: Config): LogOutput | undefined {
  const { auditFile: file } = log;
  return file === undefined ? undefined : { destination: { file }, format: "json", level: "debug" };
}

/** Writes the pid file if there is to be one; false: it cannot be written. */
function noteProcessId(config: Config, logging: Logging): boolean {
  const { pidFile } = config.node;
  if (pidFile === undefined) return true;
  try {
    writePidFile(pidFile);
    return true;
  } catch (error) {
    sayWhy(config, logging, `the pid file cannot be written: ${textOf(error)}`);
    process.exitCode = EXIT_USAGE;
    return false;
  }
}

async function start(
  { config, env }: { readonly config: Config; readonly env: Environment },
  logging: Logging,
  ending: ProcessEnding,
): Promise<NodeShell | undefined> {
  let shell: NodeShell | undefined;
  try {
    shell = await NodeShell.open(config, {
      logging,
      onStorageFailure: (error) => endOnStorageFailure(error, config, logging),
      onStopOrdered: () => ending.begin("an operator has ordered this node to stop"),
      localAddress: (name) => localAddress(name, config, env),
    });
    ending.opened(shell);
    enterLocalNode(shell.clusterPort, { config, env, log: logging.root });
    await shell.firstStart();
    return shell;
  } catch (error) {
    if (ending.hasBegun) return undefined;
    await shell?.close();
    process.exitCode = exitCodeOf(error);
    if (process.exitCode === EXIT_FAILURE && !isKnown(error)) {
      logging.root.error({ err: error }, "unexpected error at start");
    }
    sayWhy(config, logging, `${textOf(error)}${wayBack(error, config)}`);
    return undefined;
  }
}

/** What to do with a node that its cluster does not want any more. */
function wayBack(error: unknown, { node }: Config): string {
  if (!(error instanceof ClusterError) || error.code !== "fenced") return "";
  return (
    `: run forget_cluster_node ${node.name} at a member if it still lists this node, empty ${node.dataDir}, ` +
    "start, then stop_app, join_cluster and start_app"
  );
}

/** What is in memory may be more than what is on the disk: nobody may be told anything any more. The log has the reason. */
function endOnStorageFailure(error: Error, { log }: Config, logging: Logging): void {
  if (!isOnConsole(log)) process.stderr.write(`leveret: storage failed: ${textOf(error)}\n`);
  logging.close();
  process.exit(EXIT_STORAGE);
}

/** Its message says all there is to say. */
function isKnown(error: unknown): boolean {
  return error instanceof ListenError || error instanceof ClusterError;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof StorageError) return EXIT_STORAGE;
  if (error instanceof ClusterError && error.code === "timeout") return EXIT_CLUSTER;
  return isUsageError(error) ? EXIT_USAGE : EXIT_FAILURE;
}

/** The reason is in what was configured, and the message is a sentence about it. */
function isUsageError(error: unknown): boolean {
  return (
    error instanceof ConfigError ||
    error instanceof DefinitionsError ||
    error instanceof TlsOptionsError ||
    error instanceof CookieFileError
  );
}

/** One line in the log; on stderr, too, if the log is not on the console. */
function sayWhy({ log }: Config, logging: Logging, reason: string): void {
  const text = `cannot start: ${reason}`;
  logging.root.fatal(text);
  if (!isOnConsole(log)) process.stderr.write(`leveret: ${text}\n`);
}

function isOnConsole({ isConsole, consoleLevel }: Config["log"]): boolean {
  return isConsole && consoleLevel !== "none";
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function logOutputs({ log }: Config): LogOutput[] {
  const outputs: LogOutput[] = [];
  if (log.isConsole) {
    const stream = log.consoleFd === 1 ? process.stdout : process.stderr;
    const isTerminal = stream.isTTY;
    const format =
      log.consoleFormat === "auto" ? (isTerminal ? "pretty" : "json") : log.consoleFormat;
    outputs.push({
      destination: log.consoleFd,
      format,
      level: log.consoleLevel,
      colors: isTerminal && stream.hasColors(),
    });
  }
  if (log.file !== undefined) {
    outputs.push({
      destination: { file: log.file },
      format: log.fileFormat,
      level: log.fileLevel,
    });
  }
  return outputs;
}

/** The banner for a person, and the line that scripts wait for. */
function announce(shell: NodeShell, node: BrokerNode, logging: Logging): void {
  const { config } = node;
  const amqp = node.listeners.map((listener) => ({
    protocol: listener.isTls ? ("amqps" as const) : ("amqp" as const),
    ...listener.address,
  }));
  const listeners = [...amqp, ...shell.managementListeners, ...shell.prometheusListeners];
  if (config.log.isConsole && process.stdout.isTTY) {
    const colors = process.stdout.hasColors();
    process.stdout.write(formatBanner(bannerFacts(node, listeners), { colors }));
  }
  const ports: Record<string, number> = {};
  for (const { protocol, port } of listeners) ports[protocol] ??= port;
  if (shell.clusterPort !== undefined) ports["clustering"] = shell.clusterPort;
  logging.root.info({ node: config.node.name, ports, pid: process.pid }, "leveret ready");
  reportReady();
}

function bannerFacts(
  node: BrokerNode,
  listeners: Parameters<typeof formatBanner>[0]["listeners"],
): Parameters<typeof formatBanner>[0] {
  const { config } = node;
  const plain = listeners.find(({ protocol }) => protocol === "amqp");
  const { user, password } = config.defaults;
  const isDefault = user === "guest" && password === "guest" && config.definitions.length === 0;
  const port = plain?.port === 5672 ? "" : `:${plain?.port}`;
  return {
    productName: config.product.name ?? PRODUCT.name,
    productVersion: PRODUCT.productVersion,
    rabbitmqVersion: config.product.version ?? PRODUCT.version,
    nodeName: config.node.name,
    listeners,
    dataDir: config.node.dataDir,
    configFiles: config.files,
    definitions: config.definitions,
    logs: [
      ...(config.log.isConsole ? [config.log.consoleFd === 1 ? "stdout" : "stderr"] : []),
      ...(config.log.file === undefined ? [] : [config.log.file]),
    ],
    memoryLimit: node.memory.limit,
    memoryTotal: node.memory.total,
    diskFreeLimit: node.disk?.limit,
    url: plain !== undefined && isDefault ? `amqp://guest:guest@localhost${port}` : undefined,
  };
}
