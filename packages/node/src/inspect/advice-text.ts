import type { InspectedGroup, StoreDamage } from "@leveret/raft";
import { METADATA_GROUP_ID } from "../storage/node-storage.ts";
import {
  type DirectoryReport,
  groupsWithoutQueue,
  isWhole,
  queuesWithoutGroup,
  troubledGroups,
} from "./directory-report.ts";
import { groupName, queueText } from "./group-text.ts";
import { countOf, countText } from "./text-table.ts";

/** Queues that are named one by one. */
const NAMES_MAX = 5;

/** What the broker will do with the directory at its next start, and what a person can do: sentences. */
export function adviceOn(report: DirectoryReport): string[] {
  const { refusal } = report.store;
  if (refusal !== undefined) {
    return [
      `The broker will not start: ${refusal}.`,
      "Put back node.meta or node.meta.copy from a backup of this directory: an old one will do.",
    ];
  }
  const metadata = metadataAdvice(report);
  return [
    ...metadata,
    ...queueAdvice(report, metadata.length > 0),
    ...assignmentAdvice(report),
    ...repairAdvice(report),
    ...lockAdvice(report),
  ];
}

function metadataAdvice(report: DirectoryReport): string[] {
  const { groups, damage } = report.store;
  if (groups.length === 0 && damage.length === 0) {
    return ["There is nothing in it yet: the broker will start as a new one."];
  }
  const metadata = groups.find(({ groupId }) => groupId === METADATA_GROUP_ID);
  const isHurt = metadata === undefined || troubledGroups(report).includes(metadata);
  if (!isHurt && report.names.kind === "read") return [];
  const why = report.names.kind === "unreadable" ? `: ${report.names.why}` : "";
  return [
    `The broker will not start: the metadata (users, queues, bindings) cannot be used${why}.`,
    "Restore the directory from a backup. Without one, start with a new directory and load the definitions again.",
  ];
}

function queueAdvice(report: DirectoryReport, isStopped: boolean): string[] {
  const hurt = troubledGroups(report).filter(({ groupId }) => groupId !== METADATA_GROUP_ID);
  const unusable = hurt.filter((group) => !isReadable(group));
  const partly = hurt.filter(isReadable);
  const advice: string[] = [];
  if (unusable.length > 0) {
    const queues = `${countOf(unusable.length, "queue")} cannot be used: ${groupNames(report, unusable)}`;
    advice.push(isStopped ? `Besides, ${queues}.` : `The broker will start, but ${queues}.`);
  }
  if (unusable.length > 0 && !isStopped) {
    advice.push(
      "All others work. Restore the directory from a backup, or delete and declare again what cannot be used: that " +
        "gives up what is left in it.",
    );
  }
  if (partly.length > 0) {
    const names = groupNames(report, partly);
    advice.push(
      `Deliveries will stop at the first message that is lost, in ${countOf(partly.length, "queue")}: ${names}. ` +
        "Restore the directory from a backup, or consume what comes before and purge the rest.",
    );
  }
  return advice;
}

/** Only messages are lost: the state and everything since is there. */
function isReadable({ state, holes, snapshot }: InspectedGroup): boolean {
  return state === "damaged" && holes.length === 0 && !snapshot.isDamaged;
}

/** Where metadata and contents do not fit together, as a crash or damage between the two leaves them. */
function assignmentAdvice(report: DirectoryReport): string[] {
  const advice: string[] = [];
  const missing = queuesWithoutGroup(report);
  const hasLosses = report.store.damage.some(({ kind }) => kind !== "index");
  if (missing.length > 0) {
    const names = namesOf(missing.map(queueText));
    advice.push(
      hasLosses
        ? `The contents of ${countOf(missing.length, "queue")} are missing, and they cannot be used: ${names}.`
        : `The broker will make the contents of queues that were just declared: ${names}.`,
    );
  }
  const stray = groupsWithoutQueue(report);
  if (stray.length > 0) {
    const groups = namesOf(stray.map(({ groupId }) => String(groupId)));
    advice.push(`The broker will delete groups that belong to no queue any more: ${groups}.`);
  }
  return advice;
}

function groupNames(report: DirectoryReport, groups: readonly InspectedGroup[]): string {
  return namesOf(
    groups.map(({ groupId }) => groupName(report, groupId)),
    "; ",
  );
}

function namesOf(names: readonly string[], separator = ", "): string {
  const shown = names.slice(0, NAMES_MAX).join(separator);
  const more = names.length - NAMES_MAX;
  return more > 0 ? `${shown} and ${countText(more)} more` : shown;
}

/** What mends itself. */
function repairAdvice({ store }: DirectoryReport): string[] {
  const advice: string[] = [];
  if (store.nodeMeta.some(({ content }) => content === "damaged")) {
    advice.push("The broker will write both copies of node.meta again from the one that is whole.");
  }
  if (store.damage.some(({ kind }) => kind === "index")) {
    advice.push(
      "The broker will read files without a good index from end to end, and make the index again.",
    );
  }
  if (store.damage.some(isHarmless)) {
    advice.push(
      "Damage that costs nothing does not hold up the broker; it goes when the file does.",
    );
  }
  if (store.unprovenBatch !== undefined) {
    advice.push(
      "The broker will write the last batch again, as after every crash: it may not be on the disk yet.",
    );
  }
  return advice;
}

function isHarmless({ kind, losses }: StoreDamage): boolean {
  return (kind === "batch" || kind === "gap") && losses.length === 0;
}

function lockAdvice(report: DirectoryReport): string[] {
  if (report.lock.kind !== "held" || isWhole(report)) return [];
  return [
    "A broker is running: what it changed while this was being read may look like damage. Look again when it is " +
      "stopped to be sure.",
  ];
}
