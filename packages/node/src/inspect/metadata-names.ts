import { type Entry, EntryType, type InspectedGroup, type StoreInspector } from "@leveret/raft";
import { MetadataStateMachine } from "../metadata/metadata-state-machine.ts";
import { METADATA_GROUP_ID } from "../storage/node-storage.ts";
import type { GroupQueue, MetadataNames } from "./directory-report.ts";
import { readGroupEntries, readGroupSnapshot } from "./store-reading.ts";

/** Replays the metadata, as a start would, to learn which queue each group belongs to. Takes what it can get. */
export async function readNames(inspector: StoreInspector): Promise<MetadataNames> {
  const group = inspector.result.groups.find(({ groupId }) => groupId === METADATA_GROUP_ID);
  if (group === undefined) return { kind: "unreadable", why: "there are none" };
  const machine = new MetadataStateMachine();
  try {
    const hasSnapshot = await restore(machine, inspector, group);
    if (!hasSnapshot) return { kind: "unreadable", why: "their snapshot is damaged" };
    const isComplete = await replay(machine, inspector, group);
    return { kind: "read", queues: queuesOf(machine), isComplete };
  } catch (error) {
    return { kind: "unreadable", why: error instanceof Error ? error.message : String(error) };
  }
}

/** False: the snapshot cannot be read. */
async function restore(
  machine: MetadataStateMachine,
  inspector: StoreInspector,
  { snapshot }: InspectedGroup,
): Promise<boolean> {
  if (snapshot.isDamaged) return false;
  if (snapshot.bytes === 0) return true;
  const sink = machine.restore();
  const isWhole = await readGroupSnapshot(inspector, METADATA_GROUP_ID, (bytes) => sink.add(bytes));
  if (isWhole) sink.finish();
  return isWhole;
}

/** False: an entry is missing, so that what came behind it is left out. */
async function replay(
  machine: MetadataStateMachine,
  inspector: StoreInspector,
  { snapshot, lastIndex }: InspectedGroup,
): Promise<boolean> {
  for (let next = snapshot.index + 1; next <= lastIndex; ) {
    const range = { first: next, last: lastIndex };
    const entries = await readGroupEntries(inspector, METADATA_GROUP_ID, range);
    if (entries === undefined) return false;
    for (const entry of entries) apply(machine, entry);
    next += entries.length;
  }
  return true;
}

function apply(machine: MetadataStateMachine, entry: Entry): void {
  if (entry.type === EntryType.Command) machine.apply(entry);
}

function queuesOf({ machine }: MetadataStateMachine): Map<number, GroupQueue> {
  const queues = new Map<number, GroupQueue>();
  for (const vhost of machine.vhosts()) {
    for (const { name, vhost: of, groupId } of vhost.queues.values()) {
      if (groupId !== undefined) queues.set(groupId, { vhost: of, name });
    }
  }
  return queues;
}
