import type { GroupLoss, InspectedGroup, StoreDamage } from "@leveret/raft";
import { badCopies, type DirectoryReport, troubledGroups } from "./directory-report.ts";
import { groupName, rangesText } from "./group-text.ts";
import { countOf, countText } from "./text-table.ts";

/** Losses of one place that are told one by one. */
const LINES_MAX = 10;
const LOG_DIRECTORY = "log";

/** Each damaged place with what it cost, the costly ones first. */
export function damageLines(report: DirectoryReport, limit: number): string[] {
  const places = [
    ...damageTexts(report, true),
    ...copyTexts(report),
    ...damageTexts(report, false),
  ];
  const lines = places
    .slice(0, limit)
    .flatMap(([first, ...rest], position) => [
      `  ${String(position + 1).padStart(3)}. ${first}`,
      ...rest.map((line) => `       ${line}`),
    ]);
  const more = places.length - limit + report.store.untoldDamages;
  if (more > 0) lines.push(`  and ${countOf(more, "more place")}: --limit N, --json`);
  return [...lines, ...earlierLosses(report)];
}

/** What groups know to have lost, for which no damage is found any more: a start has written it down. */
function earlierLosses(report: DirectoryReport): string[] {
  // If some were left out, nobody can say what is new.
  if (report.store.damage.some(({ otherLosses }) => otherLosses > 0)) return [];
  const told = new Set(report.store.damage.flatMap(({ losses }) => losses.map(groupOf)));
  const groups = troubledGroups(report).filter(({ groupId }) => !told.has(groupId));
  const lines = groups.slice(0, LINES_MAX).map((group) => {
    return `  Known before: ${groupName(report, group.groupId)}, lost ${knownLoss(group)}`;
  });
  const more = groups.length - LINES_MAX;
  return more > 0 ? [...lines, `  and ${countOf(more, "more group")}`] : lines;
}

function groupOf({ groupId }: GroupLoss): number {
  return groupId;
}

function knownLoss({ state, snapshot, holes, lostLive }: InspectedGroup): string {
  const parts: string[] = [];
  if (state === "lost") parts.push("term and vote");
  if (state === "promised") parts.push("entries that are here again");
  if (snapshot.isDamaged) parts.push(`the state up to entry ${countText(snapshot.index)}`);
  const ranges = [...lostLive, ...holes];
  if (ranges.length > 0) parts.push(rangesText(ranges));
  return parts.join(", ");
}

/** Lines about each damage that did, or did not, cost something. */
function damageTexts(report: DirectoryReport, isCostly: boolean): string[][] {
  const { damage } = report.store;
  return damage
    .filter(({ losses }) => losses.length > 0 === isCostly)
    .map((one) => [placeText(one), ...lossLines(report, one)]);
}

function copyTexts(report: DirectoryReport): string[][] {
  const copies = badCopies(report);
  return copies.map(({ path, content }) => {
    const place = content === "missing" ? `${path} is missing` : `${path} is damaged`;
    return copies.length > 1 ? [place] : [place, "nothing is lost: the other copy is whole"];
  });
}

function placeText({ kind, path, offset, size }: StoreDamage): string {
  const place = `${path} at offset ${countText(offset)}, ${countText(size)} bytes`;
  switch (kind) {
    case "batch":
      return `${place}: a batch has a wrong checksum`;
    case "gap":
      return `${place}: batches are overwritten`;
    case "short":
      return `${path} is cut short: from offset ${countText(offset)} on, ${countText(size)} bytes are missing`;
    case "file":
      return `${path} is missing`;
    case "index":
      return `${path} is damaged`;
    case "snapshot":
      return `${place}: the state of a snapshot is damaged`;
    case "entry":
      return `${place}: an entry is damaged`;
    case "unknown":
      return unknownText(path);
    default:
      return kind satisfies never;
  }
}

function unknownText(path: string): string {
  if (path === LOG_DIRECTORY)
    return "log has nothing in it, though a broker has used the directory";
  if (path === "") return "something is missing from the log, and nothing tells from where";
  return `${path} does not have all that should be in it`;
}

function lossLines(report: DirectoryReport, damage: StoreDamage): string[] {
  const { kind, path, losses, otherLosses } = damage;
  if (kind === "index") return ["nothing is lost: it can be made again from its log file"];
  if (path === LOG_DIRECTORY) return ["everything is lost: it has all queues and all metadata"];
  if (losses.length === 0) return [noLossText(kind)];
  const byGroup = new Map<number, GroupLoss[]>();
  for (const loss of losses) {
    const list = byGroup.get(loss.groupId) ?? [];
    list.push(loss);
    byGroup.set(loss.groupId, list);
  }
  const lines = [...byGroup].map(
    ([groupId, list]) => `lost: ${lossText(list)} of ${groupName(report, groupId)}`,
  );
  const more = Math.max(0, lines.length - LINES_MAX) + otherLosses;
  return more > 0 ? [...lines.slice(0, LINES_MAX), `and ${countText(more)} more`] : lines;
}

function noLossText(kind: StoreDamage["kind"]): string {
  if (kind === "short") return "what was there is lost, if there was anything: nothing tells";
  if (kind === "unknown") return "what was in it is not known";
  return "nothing is lost: no group has anything in it any more";
}

function lossText(losses: readonly GroupLoss[]): string {
  const parts: string[] = [];
  const entries = losses.filter(({ what }) => what === "entries");
  if (losses.some(({ what }) => what === "state")) parts.push("term and vote");
  const snapshot = losses.find(({ what }) => what === "snapshot");
  if (snapshot !== undefined) parts.push(`the state up to entry ${countText(snapshot.last)}`);
  if (entries.length > 0) parts.push(rangesText(entries));
  return parts.join(", ");
}
