import { availableParallelism } from "node:os";
import type { JsonObject, SampleWindows } from "@leveret/management";
import type { BrokerNode } from "../broker/broker-node.ts";
import type { Config } from "../config/config.ts";
import type { RunningNode } from "../control/control-method.ts";
import { PRODUCT } from "../product.ts";
import { EXCHANGE_TYPE_FACTS } from "./exchange-type-facts.ts";
import { nodeFigures } from "./node-figures-object.ts";

/** Phrases for login mechanisms, as GET /nodes lists them. */
const MECHANISMS: Readonly<Record<string, string>> = {
  PLAIN: "SASL PLAIN authentication mechanism",
  AMQPLAIN: "AMQPLAIN authentication mechanism",
  EXTERNAL: "SASL EXTERNAL authentication mechanism",
  ANONYMOUS: "SASL ANONYMOUS authentication mechanism",
};

/** This node as GET /nodes shows it, with RabbitMQ's names. */
export function nodeObject({ node, broker }: RunningNode, windows: SampleWindows): JsonObject {
  const { config } = broker;
  const raised = alarmsOf(broker);
  return {
    name: node.nodeName,
    type: "disc",
    running: true,
    being_drained: node.isUnderMaintenance,
    os_pid: String(process.pid),
    uptime: Math.floor(process.uptime() * 1000),
    processors: availableParallelism(),
    rates_mode: "basic",
    net_ticktime: 60,
    mem_limit: broker.memory.limit,
    mem_alarm: raised.has("memory"),
    mem_calculation_strategy: "rss",
    disk_free_limit: broker.disk?.limit ?? 0,
    disk_free_alarm: raised.has("disk"),
    exchange_types: EXCHANGE_TYPE_FACTS.map((type) => ({ ...type, enabled: true })),
    auth_mechanisms: config.auth.mechanisms.map((name) => ({
      name,
      description: MECHANISMS[name] ?? name,
      enabled: true,
    })),
    applications: [
      { name: "leveret", description: "Leveret", version: PRODUCT.productVersion },
      { name: "node", description: "Node.js", version: process.versions.node },
    ],
    log_files: logFiles(config),
    db_dir: node.dataDir ?? "",
    config_files: config.files,
    enabled_plugins: [],
    cluster_links: [],
    ...nodeFigures(broker, windows),
  };
}

function alarmsOf({ broker, config }: BrokerNode): ReadonlySet<string> {
  const own = broker.alarms.active.filter((alarm) => alarm.node === config.node.name);
  return new Set(own.map(({ source }) => source));
}

function logFiles({ log }: Config): string[] {
  return [
    ...(log.file === undefined ? [] : [log.file]),
    ...(log.isConsole ? [log.consoleFd === 1 ? "<stdout>" : "<stderr>"] : []),
  ];
}
