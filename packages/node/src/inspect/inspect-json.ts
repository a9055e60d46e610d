import type { InspectedGroup } from "@leveret/raft";
import { type DirectoryReport, type GroupDetail, isWhole } from "./directory-report.ts";
import type { InspectOptions } from "./inspect-options.ts";

/** Raised when a field changes its meaning or goes. */
const JSON_VERSION = 1;

/** One JSON document with everything that was found, ending in a line feed. */
export function toJson(report: DirectoryReport, { limit }: InspectOptions): string {
  const { directory, lock, store, names, detail } = report;
  const { files, groups, ...rest } = store;
  const document = {
    version: JSON_VERSION,
    directory,
    isWhole: isWhole(report),
    lock,
    ...rest,
    metadata: names.kind === "read" ? { kind: "read", isComplete: names.isComplete } : names,
    files: files.slice(0, limit),
    groupCount: groups.length,
    groups: (detail === undefined ? groups.slice(0, limit) : [detail.group]).map((group) =>
      withQueue(report, group),
    ),
    ...(detail === undefined ? {} : detailOf(detail)),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function detailOf({ entries, meanings, contents }: GroupDetail): object {
  return {
    contents,
    entries: entries.map((entry) => ({ ...entry, meaning: meanings.get(entry.index) })),
  };
}

function withQueue({ names }: DirectoryReport, group: InspectedGroup): object {
  const queue = names.kind === "read" ? names.queues.get(group.groupId) : undefined;
  return { ...group, ...(queue === undefined ? {} : { queue }) };
}
