import { type IndexRange, type InspectedGroup, NONE, nodeIdOf } from "@leveret/raft";
import { METADATA_GROUP_ID } from "../storage/node-storage.ts";
import type { DirectoryReport, GroupDetail, GroupQueue } from "./directory-report.ts";
import type { QueueContents } from "./group-contents.ts";
import { type Column, countOf, countText, formatTable, printable, sizeText } from "./text-table.ts";

/** Holes that are listed one by one. */
const RANGES_MAX = 10;
/** Longest text in a table about what a group keeps. */
const KEEPS_MAX = 44;

const GROUP_COLUMNS: readonly Column[] = [
  { title: "GROUP", isNumber: true },
  { title: "KEEPS" },
  { title: "STATE" },
  { title: "EPOCH", isNumber: true },
  { title: "REPLICA" },
  { title: "TERM", isNumber: true },
  { title: "VOTE" },
  { title: "FIRST", isNumber: true },
  { title: "LAST", isNumber: true },
  { title: "COMMIT", isNumber: true },
  { title: "COMPACTED", isNumber: true },
  { title: "SNAPSHOT", isNumber: true },
  { title: "BYTES", isNumber: true },
  { title: "VOTERS" },
];

/** What a group keeps: the metadata, or a queue. */
function keeps(report: DirectoryReport, groupId: number): string {
  if (groupId === METADATA_GROUP_ID) return "metadata";
  const { names } = report;
  const queue = names.kind === "read" ? names.queues.get(groupId) : undefined;
  if (queue === undefined) return names.kind === "read" && names.isComplete ? "no queue" : "?";
  return queueText(queue);
}

export function queueText({ name, vhost }: GroupQueue): string {
  return `queue '${printable(name)}' in vhost '${printable(vhost)}'`;
}

/** The group by number and, if it is known, what it keeps. */
export function groupName(report: DirectoryReport, groupId: number): string {
  const kept = keeps(report, groupId);
  return kept === "?" ? `group ${groupId}` : `group ${groupId}, ${kept}`;
}

export function groupTable(report: DirectoryReport, groups: readonly InspectedGroup[]): string[] {
  return formatTable(
    GROUP_COLUMNS,
    groups.map((group) => groupRow(report, group)),
  );
}

function groupRow(report: DirectoryReport, group: InspectedGroup): string[] {
  return [
    String(group.groupId),
    shortened(keeps(report, group.groupId)),
    stateName(group),
    String(group.epoch),
    replicaText(group.replicaId),
    countText(group.currentTerm),
    replicaText(group.votedFor),
    group.entries === 0 ? "-" : countText(group.firstIndex),
    countText(group.lastIndex),
    countText(group.commitIndex),
    countText(group.compactedIndex),
    countText(group.snapshot.index),
    sizeText(group.bytes),
    group.conf.voters.map(replicaText).join(" ") || "-",
  ];
}

/** Long names would tear the table apart. */
function shortened(text: string): string {
  return text.length <= KEEPS_MAX ? text : `${text.slice(0, KEEPS_MAX - 3)}...`;
}

/** Trouble is to be seen. */
function stateName({ state }: InspectedGroup): string {
  return state === "ok" || state === "waiting" ? state : state.toUpperCase();
}

/** Those in trouble first, then the metadata, then the largest. */
export function byImportance(a: InspectedGroup, b: InspectedGroup): number {
  return rank(a) - rank(b) || b.bytes - a.bytes || a.groupId - b.groupId;
}

function rank({ state, groupId }: InspectedGroup): number {
  if (state !== "ok" && state !== "waiting") return 0;
  return groupId === METADATA_GROUP_ID ? 1 : 2;
}

/** Everything about one group, and its newest entries. */
export function detailText(report: DirectoryReport, detail: GroupDetail): string[] {
  const { group, entries, contents } = detail;
  const { snapshot, holes, lostLive, promise, forcedIndex } = group;
  const rows: [label: string, value: string][] = [
    ["Keeps", keeps(report, group.groupId)],
    ...(contents === undefined ? [] : [["Messages", contentsText(contents)] as [string, string]]),
    ["State", stateName(group)],
    ["Epoch", String(group.epoch)],
    ["Replica", `${replicaText(group.replicaId)} (node.generation)`],
    ["Term", `${countText(group.currentTerm)}, vote for ${replicaText(group.votedFor)}`],
    ["Voters", `${group.conf.voters.map(replicaText).join(" ") || "none"}, as of the snapshot`],
    ["Log", logText(group)],
    ["Committed", `up to ${countText(group.commitIndex)}`],
    [
      "Compacted",
      `up to ${countText(group.compactedIndex)}, ${countOf(group.liveEntries, "entry")} of that still needed`,
    ],
    ["Snapshot", snapshotText(snapshot)],
    ["Bytes", sizeText(group.bytes)],
  ];
  if (holes.length > 0) rows.push(["Lost", rangesText(holes)]);
  if (lostLive.length > 0)
    rows.push(["Lost below", `${rangesText(lostLive)}, which the snapshot still needs`]);
  if (promise !== undefined) {
    rows.push([
      "Promise",
      `no vote below entry ${countText(promise.index)} of term ${promise.term}`,
    ]);
  }
  if (forcedIndex > 0)
    rows.push(["Forced", `members were forced at entry ${countText(forcedIndex)}`]);
  return [
    `Group ${group.groupId}`,
    "",
    ...rows.map(([label, value]) => `  ${label.padEnd(13)}${value}`),
    "",
    `Entries (${entries.length} of ${countText(group.entries + group.liveEntries)}, the newest ones; --limit N)`,
    "",
    ...entryTable(detail),
  ];
}

function logText(group: InspectedGroup): string {
  if (group.entries === 0) return `no entries, the next one is ${countText(group.firstIndex)}`;
  const range = `${countText(group.firstIndex)} to ${countText(group.lastIndex)}`;
  return `entries ${range} (${countText(group.entries)})`;
}

function snapshotText({ index, term, bytes, path, isDamaged }: InspectedGroup["snapshot"]): string {
  if (bytes === 0 || path === undefined) return "none: the group starts from nothing";
  const where = `at entry ${countText(index)} of term ${term}, ${sizeText(bytes)} in ${path}`;
  return isDamaged ? `${where}: damaged` : where;
}

function contentsText(contents: QueueContents): string {
  if (contents.kind === "unreadable") return `not known: ${printable(contents.why)}`;
  const text = `${countText(contents.messages)}, ${sizeText(contents.bytes)} of bodies`;
  return contents.isComplete ? text : `${text}, before the first lost entry`;
}

function entryTable({ entries, meanings }: GroupDetail): string[] {
  if (entries.length === 0) return ["  none"];
  const columns: Column[] = [
    { title: "INDEX", isNumber: true },
    { title: "TERM", isNumber: true },
    { title: "TYPE" },
    { title: "BYTES", isNumber: true },
    { title: "FILE" },
    { title: "OFFSET", isNumber: true },
    { title: "MEANING" },
  ];
  const rows = entries.map(({ index, term, type, size, path, offset }) =>
    type === "lost"
      ? [countText(index), "?", "LOST", "?", "", ""]
      : [
          ...[countText(index), countText(term), type, countText(size), path, countText(offset)],
          printable(meanings.get(index) ?? ""),
        ],
  );
  return formatTable(columns, rows);
}

/** Ranges of indexes, the first few of many. */
export function rangesText(ranges: readonly IndexRange[]): string {
  const shown = ranges.slice(0, RANGES_MAX).map(rangeText).join(", ");
  const more = ranges.length - RANGES_MAX;
  return more > 0 ? `${shown} and ${countOf(more, "more range")}` : shown;
}

function rangeText({ first, last }: IndexRange): string {
  if (first === last) return `entry ${countText(first)}`;
  return `entries ${countText(first)} to ${countText(last)}`;
}

/** Node and generation, in which nobody has to divide by 65,536. */
function replicaText(replicaId: number): string {
  return replicaId === NONE ? "-" : `${nodeIdOf(replicaId)}.${replicaId % 0x10000}`;
}
