import type { Entry } from "../../../../raft/src/core/entry.ts";
import type {
  LoadedSnapshot,
  LogStore,
  ReadResult,
  RecoveredGroup,
} from "../../../../raft/src/store/log-store.ts";
import { entryAt, snapshotStateAt } from "./content.ts";
import type { GroupModel, GroupState } from "./group-model.ts";
import type { StoreModel } from "./store-model.ts";

const READ_BYTES = 256 * 1024;

/** What was looked at. */
export interface VerifyCounts {
  groups: number;
  entries: number;
  snapshots: number;
}

/**
 * Compares a recovered store with what its writers reported: nothing that was reported durable is missing, and nothing is
 * there that was not written. The model then takes what it found as what is there.
 * @throws Error saying what is wrong
 */
export async function verifyStore(store: LogStore, model: StoreModel): Promise<VerifyCounts> {
  const counts: VerifyCounts = { groups: 0, entries: 0, snapshots: 0 };
  const recovered = new Map(store.groups().map((each) => [each.groupId, each]));
  for (const groupId of recovered.keys()) {
    if (model.deleted.has(groupId)) throw new Error(`deleted group ${groupId} is back`);
  }
  for (const group of [...model.groups.values()]) {
    const found = recovered.get(group.groupId);
    if (found === undefined) checkMissing(group, model);
    else await verifyGroup(store, found, group, counts);
  }
  return counts;
}

function checkMissing(group: GroupModel, model: StoreModel): void {
  if (group.isCreated && !group.isDeletionAsked) throw new Error(`group ${group.groupId} is lost`);
  model.forget(group.groupId);
}

async function verifyGroup(
  store: LogStore,
  found: RecoveredGroup,
  group: GroupModel,
  counts: VerifyCounts,
): Promise<void> {
  const { groupId } = group;
  group.isCreated = true;
  group.isDeletionAsked = false;
  if (found.holes.length > 0 || found.isSnapshotDamaged || found.hardState === "lost") {
    throw new Error(`group ${groupId} is damaged: ${JSON.stringify(found)}`);
  }
  const log = store.log(groupId);
  const { currentTerm: term, votedFor: vote, commitIndex: commit } = found.hardState;
  const { compactedIndex, lastIndex } = log;
  const termAt = (index: number): number | undefined => log.term(index);
  const state: GroupState = { term, vote, commit, compactedIndex, lastIndex, termAt };
  const difference = group.match(state);
  if (difference !== undefined) throw new Error(difference);
  await verifyEntries(store, groupId, state, counts);
  await verifySnapshot(store, found, group, counts);
  counts.groups++;
}

async function verifyEntries(
  store: LogStore,
  groupId: number,
  state: GroupState,
  counts: VerifyCounts,
): Promise<void> {
  for (let next = state.compactedIndex + 1; next <= state.lastIndex; ) {
    const result = await read(store, groupId, next, state.lastIndex);
    if (result.kind !== "entries") throw new Error(`group ${groupId} at ${next}: ${result.kind}`);
    if (result.entries.length === 0) throw new Error(`group ${groupId} at ${next}: nothing read`);
    for (const entry of result.entries) {
      verifyEntry(groupId, entry, { index: next, term: state.termAt(next) ?? 0 });
      next++;
      counts.entries++;
    }
  }
}

function verifyEntry(
  groupId: number,
  entry: Entry,
  expected: { readonly index: number; readonly term: number },
): void {
  const { index, term, type, data, crc } = entryAt(groupId, expected.index, expected.term);
  const isSame = entry.index === index && entry.term === term && entry.type === type;
  if (!isSame || entry.crc !== crc || Buffer.compare(entry.data, data) !== 0) {
    throw new Error(`group ${groupId} has a wrong entry at ${index} of term ${term}`);
  }
}

async function verifySnapshot(
  store: LogStore,
  { snapshot }: RecoveredGroup,
  group: GroupModel,
  counts: VerifyCounts,
): Promise<void> {
  const { groupId } = group;
  const { index, term } = snapshot;
  const isKnown = group.snapshots.some((each) => each.index === index && each.term === term);
  if (!isKnown) {
    const known = JSON.stringify(group.snapshots);
    throw new Error(`group ${groupId} has a snapshot at ${index} of term ${term}, not of ${known}`);
  }
  group.settleSnapshot({ index, term });
  const loaded = await load(store, groupId);
  // A group that never had a snapshot starts from its members alone.
  if (loaded.kind === "none") {
    if (index > 1) throw new Error(`group ${groupId} has lost its snapshot at ${index}`);
    return;
  }
  if (loaded.kind === "damaged") throw new Error(`the snapshot of group ${groupId} is damaged`);
  const state = await readState(loaded);
  if (loaded.meta.index !== index || Buffer.compare(state, snapshotStateAt(groupId, index)) !== 0) {
    throw new Error(`the snapshot of group ${groupId} at ${index} is wrong`);
  }
  counts.snapshots++;
}

async function readState(loaded: LoadedSnapshot & { kind: "snapshot" }): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (let position = 0; position < loaded.size; ) {
    const bytes = await new Promise<Uint8Array | "damaged">((resolve) => {
      loaded.read(position, READ_BYTES, resolve);
    });
    if (bytes === "damaged" || bytes.length === 0) throw new Error("a snapshot cannot be read");
    pieces.push(bytes);
    position += bytes.length;
  }
  loaded.close();
  return Buffer.concat(pieces);
}

function read(store: LogStore, groupId: number, from: number, to: number): Promise<ReadResult> {
  return new Promise((resolve) => {
    store.read(groupId, from, to, READ_BYTES, resolve);
  });
}

function load(store: LogStore, groupId: number): Promise<LoadedSnapshot> {
  return new Promise((resolve) => {
    store.loadSnapshot(groupId, resolve);
  });
}
