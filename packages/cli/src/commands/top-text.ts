import { sizeText } from "./memory-unit.ts";
import type { TopConnection, TopNode, TopQueue, TopSample } from "./top-sample.ts";

export type TopView = "queues" | "connections" | "nodes";

/** By what rows are sorted, largest first; names smallest first. */
export const SORT_KEYS = [
  { key: "r", name: "ready" },
  { key: "u", name: "unacked" },
  { key: "g", name: "growth" },
  { key: "p", name: "publish" },
  { key: "d", name: "deliver" },
  { key: "c", name: "consumers" },
  { key: "b", name: "bytes" },
  { key: "i", name: "in" },
  { key: "o", name: "out" },
  { key: "n", name: "name" },
] as const;
export type SortKey = (typeof SORT_KEYS)[number]["key"];

export function isSortKey(key: string): key is SortKey {
  return SORT_KEYS.some((one) => one.key === key);
}

interface Shown {
  readonly view: TopView;
  readonly sort: SortKey | undefined;
}

interface Size {
  readonly rows: number;
  readonly columns: number;
}

/** One column of a table. */
interface Column<T> {
  readonly heading: string;
  readonly text: (item: T) => string;
  readonly isNumber?: boolean;
  readonly sortKey?: SortKey;
  readonly value?: (item: T) => number;
}

const QUEUE_COLUMNS: readonly Column<TopQueue>[] = [
  {
    heading: "QUEUE",
    text: ({ vhost, name }) => (vhost === "/" ? name : `${vhost} ${name}`),
    sortKey: "n",
  },
  { heading: "TYPE", text: ({ type }) => type },
  { heading: "LEADER", text: ({ leader }) => leader },
  number("READY", "r", ({ ready }) => ready),
  number("UNACKED", "u", ({ unacked }) => unacked),
  rate("GROWTH/S", "g", ({ growth }) => growth),
  rate("PUBLISH/S", "p", ({ publishRate }) => publishRate),
  rate("DELIVER/S", "d", ({ deliverRate }) => deliverRate),
  number("CONSUMERS", "c", ({ consumers }) => consumers),
  number("BYTES", "b", ({ bytes }) => bytes),
];

const CONNECTION_COLUMNS: readonly Column<TopConnection>[] = [
  {
    heading: "CONNECTION",
    text: ({ clientName, name }) => (clientName === "" ? name : `${clientName} (${name})`),
    sortKey: "n",
  },
  { heading: "USER", text: ({ user }) => user },
  { heading: "VHOST", text: ({ vhost }) => vhost },
  { heading: "STATE", text: ({ state }) => state },
  number("CHANNELS", "c", ({ channels }) => channels),
  rate("IN B/S", "i", ({ receiveRate }) => receiveRate),
  rate("OUT B/S", "o", ({ sendRate }) => sendRate),
];

const NODE_COLUMNS: readonly Column<TopNode>[] = [
  { heading: "NODE", text: ({ name }) => name, sortKey: "n" },
  { heading: "STATE", text: ({ isRunning }) => (isRunning ? "running" : "down") },
  { heading: "VERSION", text: ({ version }) => version },
  { heading: "ALARMS", text: ({ alarms }) => alarms.join(", ") },
];

/** A screen: what the node and the cluster are like, then the first rows of a table. */
export function topText(sample: TopSample, { view, sort }: Shown, size: Size): string {
  const head = headLines(sample);
  const rows = Math.max(1, size.rows - head.length - 3);
  const lines =
    view === "queues"
      ? tableLines(QUEUE_COLUMNS, sample.queues, { sort: sort ?? "r", rows })
      : view === "connections"
        ? tableLines(CONNECTION_COLUMNS, sample.connections, { sort: sort ?? "i", rows })
        : tableLines(NODE_COLUMNS, sample.nodes, { sort: sort ?? "n", rows });
  const keys = "1 queues  2 connections  3 nodes  q end";
  return [...head, "", ...lines, keys].map((line) => cut(line, size.columns)).join("\n");
}

function headLines({ node, nodes, queues, connections, clusterName, atMs }: TopSample): string[] {
  const running = nodes.filter(({ isRunning }) => isRunning).length;
  const ready = sum(queues.map((queue) => queue.ready));
  const unacked = sum(queues.map((queue) => queue.unacked));
  const alarms = nodes.flatMap(({ name, alarms: own }) => own.map((what) => `${what} on ${name}`));
  const free = node.disk_free === null ? "unknown" : sizeText(node.disk_free, "gb");
  return [
    `${clusterName}, ${running} of ${nodes.length} nodes run, seen from ${node.node} at ${new Date(atMs).toISOString()}`,
    `memory ${sizeText(node.memory.total.rss, "mb")} of ${sizeText(node.vm_memory_high_watermark_limit, "mb")}, disk free ${free}, up ${node.uptime} s`,
    `${queues.length} queues, ${ready} ready, ${unacked} unacknowledged; ${connections.length} connections`,
    `alarms: ${alarms.length === 0 ? "none" : alarms.join(", ")}`,
  ];
}

function tableLines<T>(
  columns: readonly Column<T>[],
  items: readonly T[],
  { sort, rows }: { readonly sort: SortKey; readonly rows: number },
): string[] {
  const by = columns.find(({ sortKey }) => sortKey === sort) ?? columns[0];
  const sorted = by === undefined ? items : [...items].sort(comparing(by));
  const shown = sorted.slice(0, rows);
  const cells = shown.map((item) => columns.map(({ text }) => text(item)));
  const widths = columns.map(({ heading }, at) =>
    cells.reduce((width, row) => Math.max(width, row[at]?.length ?? 0), heading.length),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, at) => {
        const width = widths[at] ?? 0;
        return columns[at]?.isNumber === true ? text.padStart(width) : text.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  const more = sorted.length - shown.length;
  return [
    line(columns.map(({ heading }) => heading)),
    ...cells.map(line),
    ...(more > 0 ? [`... and ${more} more`] : []),
  ];
}

function comparing<T>({ value, text }: Column<T>): (left: T, right: T) => number {
  if (value !== undefined) return (left, right) => value(right) - value(left);
  return (left, right) => (text(left) < text(right) ? -1 : 1);
}

function number<T>(heading: string, sortKey: SortKey, value: (item: T) => number): Column<T> {
  return { heading, sortKey, value, isNumber: true, text: (item) => String(value(item)) };
}

/** `-`: not known. */
function rate<T>(
  heading: string,
  sortKey: SortKey,
  find: (item: T) => number | undefined,
): Column<T> {
  return {
    heading,
    sortKey,
    isNumber: true,
    value: (item) => find(item) ?? Number.NEGATIVE_INFINITY,
    text: (item) => find(item)?.toFixed(1) ?? "-",
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** Rows must not wrap. */
function cut(line: string, columns: number): string {
  return line.length <= columns ? line : line.slice(0, columns);
}
