import type { InspectedFile } from "@leveret/raft";
import { adviceOn } from "./advice-text.ts";
import { damageLines } from "./damage-text.ts";
import {
  badCopies,
  type DirectoryReport,
  isHarmless,
  isWhole,
  queuesWithoutGroup,
  troubledGroups,
} from "./directory-report.ts";
import { byImportance, detailText, groupTable } from "./group-text.ts";
import { DEFAULT_LIMIT } from "./inspect-directory.ts";
import type { InspectOptions } from "./inspect-options.ts";
import { type Column, countOf, countText, formatTable, sizeText, wrapped } from "./text-table.ts";

const LABEL_WIDTH = 13;
/** Not of the log, but of the broker: see SpaceReserve. */
const RESERVE = "reserve";

/** The report for people: first whether it is whole, then what is wrong and what to do, then what is there. */
export function toText(report: DirectoryReport, options: InspectOptions): string {
  const limit = options.limit ?? DEFAULT_LIMIT;
  const lines = ["", ...summary(report)];
  const damage = damageLines(report, limit);
  if (damage.length > 0) lines.push("", "Damage", "", ...damage);
  const advice = adviceOn(report);
  if (advice.length > 0) lines.push("", "At the next start", "", ...advice.flatMap(wrapped));
  if (!isHarmless(report) && !isWhole(report))
    lines.push("", `  Before you change anything, copy the whole directory to another disk.`);
  if (report.detail !== undefined) lines.push("", ...detailText(report, report.detail));
  else lines.push(...groupLines(report, limit), ...fileLines(report, limit));
  return `${lines.join("\n")}\n\n`;
}

function summary(report: DirectoryReport): string[] {
  const { store, directory } = report;
  const { owner } = store;
  const rows: [label: string, value: string][] = [
    ["Directory", directory],
    ["State", stateText(report)],
    ["Node", owner === undefined ? "not known: node.meta cannot be read" : String(owner.nodeId)],
    ["Cluster", owner?.clusterId ?? "not known"],
    ["Incarnation", owner === undefined ? "not known" : startsText(owner.incarnation)],
    ["Format", String(owner?.formatVersion ?? "not known")],
    ["Lock", lockText(report)],
    ["Size", sizeSummary(store.files)],
    ["Groups", groupSummary(report)],
    [
      "Read",
      store.isThorough ? "all of it" : "what a start reads (--quick): other damage does not show",
    ],
  ];
  return rows.map(([label, value]) => `  ${label.padEnd(LABEL_WIDTH)}${value}`);
}

function stateText(report: DirectoryReport): string {
  if (isWhole(report)) return "whole";
  const { damage, untoldDamages } = report.store;
  const places = damage.length + untoldDamages + badCopies(report).length;
  const hurt = troubledGroups(report).length;
  const parts = [countOf(places, "damaged place")];
  if (isHarmless(report)) parts.push("nothing is lost");
  if (hurt > 0) parts.push(`${countOf(hurt, "group")} in trouble`);
  const missing = queuesWithoutGroup(report).length;
  if (missing > 0 && !isHarmless(report)) {
    parts.push(`contents of ${countOf(missing, "queue")} missing`);
  }
  return `DAMAGED: ${parts.join(", ")}`;
}

function startsText(incarnation: number): string {
  return `${countText(incarnation)} (raised at each start)`;
}

function lockText({ lock }: DirectoryReport): string {
  switch (lock.kind) {
    case "free":
      return "not held";
    case "held":
      return `held by process ${lock.pid}: a broker is running, and what is shown may be in motion`;
    case "stale":
      return `left behind by ${lock.pid === undefined ? "a process" : `process ${lock.pid}`}, which is gone; the next start takes it over`;
    default:
      return lock satisfies never;
  }
}

function sizeSummary(files: readonly InspectedFile[]): string {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const live = files.reduce((sum, file) => sum + liveBytesOf(file), 0);
  return `${sizeText(bytes)} in ${countOf(files.length, "file")}, ${sizeText(live)} of it in use`;
}

function groupSummary({ store }: DirectoryReport): string {
  const counts = new Map<string, number>();
  for (const { state } of store.groups) counts.set(state, (counts.get(state) ?? 0) + 1);
  const parts = [...counts].map(([state, count]) => `${countText(count)} ${state}`);
  return parts.length === 0 ? "none" : `${countText(store.groups.length)}: ${parts.join(", ")}`;
}

function groupLines(report: DirectoryReport, limit: number): string[] {
  const { groups } = report.store;
  if (groups.length === 0) return [];
  const shown = [...groups].sort(byImportance).slice(0, limit);
  const isAll = shown.length === groups.length;
  const title = isAll
    ? "Groups"
    : `Groups (${shown.length} of ${countText(groups.length)}: those in trouble, then the largest; --limit N, --group ID)`;
  return ["", title, "", ...groupTable(report, shown)];
}

const FILE_COLUMNS: readonly Column[] = [
  { title: "FILE" },
  { title: "KIND" },
  { title: "SIZE", isNumber: true },
  { title: "WRITTEN", isNumber: true },
  { title: "BATCHES", isNumber: true },
  { title: "IN USE", isNumber: true },
  { title: "INDEX" },
];

function fileLines({ store }: DirectoryReport, limit: number): string[] {
  const { files } = store;
  if (files.length === 0) return [];
  const shown = files.slice(0, limit);
  const isAll = shown.length === files.length;
  const title = isAll
    ? "Files"
    : `Files (${shown.length} of ${countText(files.length)}; --limit N)`;
  return ["", title, "", ...formatTable(FILE_COLUMNS, shown.map(fileRow))];
}

function fileRow(file: InspectedFile): string[] {
  const { path, kind, size, end, batches, index } = file;
  if (kind !== "hot" && kind !== "cold") {
    return [path, path === RESERVE ? RESERVE : kind, sizeText(size), "", "", "", ""];
  }
  const share = size === 0 ? 0 : (100 * liveBytesOf(file)) / size;
  const count = batches === undefined ? "?" : countText(batches);
  return [path, kind, sizeText(size), sizeText(end), count, `${Math.round(share)} %`, index];
}

/** A snapshot is in use as a whole. */
function liveBytesOf({ kind, size, liveBytes }: InspectedFile): number {
  return kind === "snapshot" ? size : Math.min(size, liveBytes);
}
