import { platform } from "node:os";
import * as v from "valibot";
import type { BrokerNode } from "../broker/broker-node.ts";
import type { Config } from "../config/config.ts";
import { PRODUCT } from "../product.ts";
import {
  always,
  NO_PARAMS,
  type NodeMethods,
  requireStopped,
  whileRunning,
  whileStopped,
} from "./control-method.ts";
import type { ControlledNode } from "./controlled-node.ts";
import { OperationError } from "./operation-error.ts";

const TIMEOUT = { timeoutMs: v.pipe(v.number(), v.minValue(0)) };

export const NODE_METHODS: NodeMethods = {
  node_state: always(NO_PARAMS, async (node) => ({
    node: node.nodeName,
    state: node.state,
    awaited: node.awaitedNodes,
  })),
  server_version: always(NO_PARAMS, async (node) => versionOf(node)),
  status: whileRunning(NO_PARAMS, ({ node, broker }) => statusOf(node, broker)),
  environment: whileRunning(NO_PARAMS, async ({ broker }) => environmentOf(broker.config)),
  await_startup: always(v.object(TIMEOUT), (node, { timeoutMs }) => {
    if (node.state === "stopped") {
      throw new OperationError("app_not_running", `the app on node ${node.nodeName} is stopped`);
    }
    return node.awaitStartup(timeoutMs);
  }),
  await_online_nodes: always(
    v.object({ ...TIMEOUT, count: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
    (node, { count, timeoutMs }) => node.awaitOnlineNodes(count, timeoutMs),
  ),
  start_app: always(NO_PARAMS, (node) => node.startApp()),
  stop_app: always(NO_PARAMS, (node) => node.stopApp()),
  stop: always(NO_PARAMS, (node) => node.stop()),
  /** Never answers: who waits sees the end of the connection when the process ends. */
  await_exit: always(NO_PARAMS, (_node, _params, { signal }) => aborted(signal)),
  reset: whileStopped(NO_PARAMS, (node) => node.reset(false)),
  force_reset: whileStopped(NO_PARAMS, (node) => node.reset(true)),
};

export const CLUSTER_METHODS: NodeMethods = {
  cluster_status: always(NO_PARAMS, (node) => node.clusterStatus()),
  join_cluster: whileStopped(
    v.object({ target: v.string(), nodeType: v.picklist(["disc", "ram"]) }),
    (node, { target, nodeType }) => node.joinCluster(target, { nodeType }),
  ),
  forget_cluster_node: always(
    v.object({ name: v.string(), offline: v.boolean() }),
    (node, { name, offline }) => {
      if (offline) requireStopped(node);
      return node.forgetClusterNode(name, { offline });
    },
  ),
  force_boot: whileStopped(NO_PARAMS, (node) => node.forceBoot()),
  update_cluster_nodes: whileStopped(v.object({ seed: v.string() }), (node, { seed }) =>
    node.updateClusterNodes(seed),
  ),
};

function versionOf({ broker }: ControlledNode): string {
  return broker?.config.product.version ?? PRODUCT.version;
}

/** RabbitMQ's names where there is the same thing. Sizes in bytes, times in seconds. */
async function statusOf(node: ControlledNode, broker: BrokerNode): Promise<unknown> {
  const { config } = broker;
  const { alarms, listeners } = await node.clusterStatus();
  await broker.figures.process.look();
  return {
    node: node.nodeName,
    pid: process.pid,
    os: platform() === "linux" ? "Linux" : platform(),
    uptime: Math.floor(process.uptime()),
    is_under_maintenance: node.isUnderMaintenance,
    rabbitmq_version: versionOf(node),
    product_name: config.product.name ?? PRODUCT.name,
    product_version: PRODUCT.productVersion,
    node_version: PRODUCT.platform,
    crypto_lib_version: `OpenSSL ${process.versions.openssl}`,
    data_directory: node.dataDir ?? "(none: everything is in memory)",
    config_files: config.files,
    log_files: logFiles(config),
    alarms,
    memory: memoryUse(broker),
    file_descriptors: fileDescriptors(broker),
    vm_memory_calculation_strategy: "rss",
    vm_memory_high_watermark_setting: config.alarms.memoryWatermark,
    vm_memory_high_watermark_limit: broker.memory.limit,
    disk_free_limit: broker.disk?.limit ?? 0,
    disk_free: broker.disk?.free ?? null,
    totals: {
      connection_count: broker.broker.connectionCount,
      queue_count: broker.broker.queueCount,
      virtual_host_count: broker.broker.vhosts.size,
    },
    listeners: listeners.filter((listener) => listener.node === node.nodeName),
  };
}

function logFiles({ log }: Config): string[] {
  return [
    ...(log.file === undefined ? [] : [log.file]),
    ...(log.isConsole ? [log.consoleFd === 1 ? "<stdout>" : "<stderr>"] : []),
  ];
}

/** RabbitMQ's names, in octets; the parts add up to `total.rss`. */
function memoryUse({ figures }: BrokerNode): unknown {
  const { parts, total } = figures.memoryBreakdown();
  return { ...parts, strategy: "rss", total };
}

/** undefined: the system does not tell. */
function fileDescriptors({ figures, broker }: BrokerNode): unknown {
  const { openFiles, maxFiles } = figures.process;
  return {
    total_used: openFiles,
    total_limit: maxFiles,
    sockets_used: broker.connectionCount,
    sockets_limit: maxFiles,
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Keys whose values nobody may see. */
const SECRETS: ReadonlySet<string> = new Set(["password", "cookie"]);

/** The configuration in force, without secrets. */
export function environmentOf(config: Config): unknown {
  return JSON.parse(
    JSON.stringify(config, (key, value: unknown) =>
      SECRETS.has(key) && value !== undefined ? "[redacted]" : value,
    ),
  );
}
