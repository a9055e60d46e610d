import type { Entry, EntryHeader, IndexRange, InspectedGroup, StoreInspector } from "@leveret/raft";
import { decodeMetadataEntry } from "../metadata/codec/entry-codec.ts";
import { FIRST_QUEUE_GROUP_ID } from "../metadata/metadata-state-machine.ts";
import { COMMAND_ENQUEUE, COMMAND_PROGRESS } from "../queue/log/command-type.ts";
import { decodeEnqueueBatch } from "../queue/log/enqueue-batch.ts";
import { decodeProgress } from "../queue/log/progress.ts";
import { QueueLog } from "../queue/log/queue-log.ts";
import { METADATA_GROUP_ID } from "../storage/node-storage.ts";
import { type Replayed, replayMachine } from "./replay-machine.ts";
import { readGroupEntries } from "./store-reading.ts";
import { countOf, sizeText } from "./text-table.ts";

/** Messages in a queue, as far as its log can be read. */
export type QueueContents = Replayed & { readonly messages: number; readonly bytes: number };

/** Undefined: the group is not a queue's. */
export async function readContents(
  inspector: StoreInspector,
  group: InspectedGroup,
): Promise<QueueContents | undefined> {
  if (group.groupId < FIRST_QUEUE_GROUP_ID) return undefined;
  const queue = new QueueLog();
  const replayed = await replayMachine(queue, inspector, group);
  return { ...replayed, messages: queue.count, bytes: queue.bytes };
}

/** What each of these entries says, by index; entries that cannot be read are left out. */
export async function readMeanings(
  inspector: StoreInspector,
  groupId: number,
  headers: readonly EntryHeader[],
): Promise<ReadonlyMap<number, string>> {
  const meanings = new Map<number, string>();
  for (let at = 0; at < headers.length; ) {
    const { index: first = 0 } = headers[at] ?? {};
    const range: IndexRange = { first, last: headers.at(-1)?.index ?? first };
    const entries = (await readGroupEntries(inspector, groupId, range)) ?? [];
    for (const entry of entries) meanings.set(entry.index, meaningOf(groupId, entry));
    at += Math.max(1, entries.length);
  }
  return meanings;
}

function meaningOf(groupId: number, { data }: Entry): string {
  if (data.length === 0) return "";
  try {
    return groupId === METADATA_GROUP_ID ? metadataMeaning(data) : queueMeaning(data);
  } catch (error) {
    return `not understood: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** @throws Error if it is not understood */
function metadataMeaning(data: Uint8Array): string {
  return decodeMetadataEntry(data).command?.type ?? "given up";
}

/** @throws Error if it is not understood */
function queueMeaning(data: Uint8Array): string {
  const [type] = data;
  if (type === COMMAND_ENQUEUE) {
    const batch = decodeEnqueueBatch(data);
    let bytes = 0;
    for (let item = 0; item < batch.count; item++) bytes += batch.bodySizeAt(item);
    return `${countOf(batch.count, "message")} in, ${sizeText(bytes)}`;
  }
  if (type !== COMMAND_PROGRESS) return `command ${type}`;
  const { removed, delivered, returned } = decodeProgress(data);
  const parts: string[] = [];
  if (removed.length > 0) parts.push(`${countOf(removed.length, "range")} out`);
  if (delivered.length > 0) parts.push("handed out");
  if (returned.length > 0) parts.push(`${countOf(returned.length, "return")}`);
  return parts.join(", ");
}
