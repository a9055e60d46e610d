/** What the banner tells. Plain data, so that it can be shown without a broker. */
export interface BannerFacts {
  readonly productName: string;
  readonly productVersion: string;
  /** The RabbitMQ release whose behaviour is followed. */
  readonly rabbitmqVersion: string;
  readonly nodeName: string;
  readonly listeners: readonly BannerListener[];
  /** undefined: in memory. */
  readonly dataDir: string | undefined;
  readonly configFiles: readonly string[];
  readonly definitions: readonly string[];
  /** `stdout`, file names. */
  readonly logs: readonly string[];
  readonly memoryLimit: number;
  readonly memoryTotal: number;
  /** undefined: not watched. */
  readonly diskFreeLimit: number | undefined;
  /** Where a client on this machine connects; undefined: nowhere, or its password is not the default one. */
  readonly url: string | undefined;
}

interface BannerListener {
  readonly protocol: "amqp" | "amqps" | "http" | "https" | "http/prometheus" | "https/prometheus";
  readonly address: string;
  readonly port: number;
}

export interface BannerStyle {
  readonly colors: boolean;
}

const LABEL_WIDTH = 15;
const BOLD = "\u001b[1m";
const DIM = "\u001b[2m";
const RESET = "\u001b[0m";
const MIB = 1024 * 1024;

/** The text that greets a person on a terminal, ending in a line feed. */
export function formatBanner(facts: BannerFacts, style: BannerStyle): string {
  const paint = (code: string, text: string): string => {
    return style.colors ? `${code}${text}${RESET}` : text;
  };
  const rows: (readonly [label: string, values: readonly string[]])[] = [
    ["Node", [facts.nodeName]],
    ["Listening", facts.listeners.length === 0 ? ["nowhere"] : facts.listeners.map(listenerText)],
    ["Data", [facts.dataDir ?? "in memory: gone when the broker stops"]],
    ["Configuration", facts.configFiles.length === 0 ? ["defaults"] : facts.configFiles],
    ...(facts.definitions.length === 0 ? [] : [["Definitions", facts.definitions] as const]),
    ["Log", facts.logs.length === 0 ? ["none"] : facts.logs],
    ["Memory", [`publishers blocked above ${mib(facts.memoryLimit)} of ${mib(facts.memoryTotal)}`]],
    ["Disk", [diskText(facts.diskFreeLimit)]],
  ];
  const title = `${facts.productName} ${facts.productVersion}`;
  const lines = [
    "",
    `  ${paint(BOLD, title)}  ${paint(DIM, `AMQP 0-9-1 as RabbitMQ ${facts.rabbitmqVersion}`)}`,
    "",
    ...rows.flatMap(([label, values]) =>
      values.map((value, index) => {
        const shown = (index === 0 ? label : "").padEnd(LABEL_WIDTH);
        return `  ${paint(DIM, shown)}${value}`;
      }),
    ),
    "",
    ...(facts.url === undefined ? [] : [`  Connect with ${paint(BOLD, facts.url)}`, ""]),
  ];
  return `${lines.join("\n")}\n`;
}

function listenerText({ protocol, address, port }: BannerListener): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return `${protocol} on ${host}:${port}`;
}

function diskText(limit: number | undefined): string {
  return limit === undefined ? "not watched" : `publishers blocked below ${mib(limit)} free`;
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}
