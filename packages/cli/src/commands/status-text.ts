import { alarmText, type ListenerInfo, type NodeAlarm, section } from "./cluster-status-text.ts";
import { percent, sizeText } from "./memory-unit.ts";
import { enabledPlugins } from "./plugin-list.ts";

/** The node's answer to `status`: RabbitMQ's names where there is the same thing. Sizes in bytes. */
export interface NodeStatus {
  readonly node: string;
  readonly pid: number;
  readonly os: string;
  /** Seconds. */
  readonly uptime: number;
  readonly is_under_maintenance: boolean;
  readonly rabbitmq_version: string;
  readonly product_name: string;
  readonly product_version: string;
  readonly node_version: string;
  readonly crypto_lib_version: string;
  readonly data_directory: string;
  readonly config_files: readonly string[];
  readonly log_files: readonly string[];
  readonly alarms: readonly NodeAlarm[];
  /** Octets of each part; and how that was found. */
  readonly memory: Readonly<Record<string, unknown>> & { readonly total: MemoryTotal };
  readonly file_descriptors: {
    /** undefined: the system does not tell. */
    readonly total_used?: number;
    readonly total_limit?: number;
    readonly sockets_used?: number;
    readonly sockets_limit?: number;
  };
  readonly vm_memory_high_watermark_setting: Readonly<Record<string, number>>;
  readonly vm_memory_high_watermark_limit: number;
  readonly disk_free_limit: number;
  /** null: not measured. */
  readonly disk_free: number | null;
  readonly totals: {
    readonly connection_count: number;
    readonly queue_count: number;
    readonly virtual_host_count: number;
  };
  readonly listeners: readonly ListenerInfo[];
}

interface MemoryTotal {
  readonly rss: number;
}

/** Parts of a memory, the largest first. */
export function memoryParts({ memory }: Pick<NodeStatus, "memory">): readonly [string, number][] {
  return Object.entries(memory)
    .filter((part): part is [string, number] => typeof part[1] === "number")
    .sort(([, left], [, right]) => right - left);
}

/** Sections with a bold heading each, as RabbitMQ shows them; what only Erlang has is left out. */
export function statusText(status: NodeStatus, unit = "gb"): string {
  const { totals } = status;
  return [
    section("Runtime", runtimeLines(status)),
    section("Plugins", ["Enabled plugins:", "", ...enabledPlugins().map(bullet)]),
    section("Data directory", [`Node data directory: ${status.data_directory}`]),
    section("Config files", status.config_files.map(bullet)),
    section("Log file(s)", status.log_files.map(bullet)),
    section("Alarms", status.alarms.map(alarmText)),
    section("Memory", memoryLines(status, unit)),
    section("File Descriptors", descriptorLines(status)),
    section("Free Disk Space", diskLines(status, unit)),
    section("Totals", [
      `Connection count: ${totals.connection_count}`,
      `Queue count: ${totals.queue_count}`,
      `Virtual host count: ${totals.virtual_host_count}`,
    ]),
    section("Listeners", status.listeners.map(listenerText)),
  ].join("\n\n");
}

function runtimeLines(status: NodeStatus): string[] {
  return [
    `OS PID: ${status.pid}`,
    `OS: ${status.os}`,
    `Uptime (seconds): ${status.uptime}`,
    `Is under maintenance?: ${status.is_under_maintenance}`,
    `RabbitMQ version: ${status.rabbitmq_version}`,
    `${status.product_name} version: ${status.product_version}`,
    `Node name: ${status.node}`,
    `Runtime: ${status.node_version}`,
    `Crypto library: ${status.crypto_lib_version}`,
  ];
}

function memoryLines(status: NodeStatus, unit: string): string[] {
  const { memory, vm_memory_high_watermark_setting: setting } = status;
  const { relative, absolute } = setting;
  const limit = sizeText(status.vm_memory_high_watermark_limit, unit);
  const watermark =
    relative === undefined
      ? sizeText(absolute ?? 0, unit)
      : `${relative} of available memory, computed to: ${limit}`;
  return [
    `Total memory used: ${sizeText(memory.total.rss, unit)}`,
    "Calculation strategy: rss",
    `Memory high watermark setting: ${watermark}`,
    "",
    ...memoryParts(status).map(
      ([name, size]) => `${name}: ${sizeText(size, unit)} (${percent(size, memory.total.rss)} %)`,
    ),
  ];
}

function descriptorLines({ file_descriptors: files }: NodeStatus): string[] {
  const shown = (count: number | undefined): string => String(count ?? "unknown");
  return [
    `Total: ${shown(files.total_used)}, limit: ${shown(files.total_limit)}`,
    `Sockets: ${shown(files.sockets_used)}, limit: ${shown(files.sockets_limit)}`,
  ];
}

function diskLines(
  { disk_free: free, disk_free_limit: limit }: NodeStatus,
  unit: string,
): string[] {
  return [
    `Low free disk space watermark: ${sizeText(limit, unit)}`,
    `Free disk space: ${free === null ? "unknown" : sizeText(free, unit)}`,
  ];
}

export function listenerText(listener: ListenerInfo): string {
  const { port, protocol, purpose } = listener;
  return `Interface: ${listener.interface}, port: ${port}, protocol: ${protocol}, purpose: ${purpose}`;
}

function bullet(text: string): string {
  return ` * ${text}`;
}
