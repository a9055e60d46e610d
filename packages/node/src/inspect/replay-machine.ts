import {
  EntryType,
  type InspectedGroup,
  type StateMachine,
  type StoreInspector,
} from "@leveret/raft";
import { readGroupEntries, readGroupSnapshot } from "./store-reading.ts";

/** What came of replaying a group: all of it, what is before a lost entry, or nothing. */
export type Replayed =
  | { readonly kind: "read"; readonly isComplete: boolean }
  | { readonly kind: "unreadable"; readonly why: string };

/** Brings a machine to where a start would bring it, as far as snapshot and entries can be read. */
export async function replayMachine(
  machine: StateMachine,
  inspector: StoreInspector,
  group: InspectedGroup,
): Promise<Replayed> {
  try {
    if (!(await restore(machine, inspector, group))) {
      return { kind: "unreadable", why: "the snapshot is damaged" };
    }
    return { kind: "read", isComplete: await replay(machine, inspector, group) };
  } catch (error) {
    return { kind: "unreadable", why: error instanceof Error ? error.message : String(error) };
  }
}

/** False: the snapshot cannot be read. */
async function restore(
  machine: StateMachine,
  inspector: StoreInspector,
  { groupId, snapshot, conf }: InspectedGroup,
): Promise<boolean> {
  if (snapshot.isDamaged) return false;
  if (snapshot.bytes === 0) return true;
  const sink = machine.restore({ index: snapshot.index, term: snapshot.term, conf });
  const isWhole = await readGroupSnapshot(inspector, groupId, (bytes) => sink.add(bytes));
  if (isWhole) sink.finish();
  return isWhole;
}

/** False: an entry is missing, so that what came behind it is left out. */
async function replay(
  machine: StateMachine,
  inspector: StoreInspector,
  { groupId, snapshot, lastIndex: last }: InspectedGroup,
): Promise<boolean> {
  for (let next = snapshot.index + 1; next <= last; ) {
    const entries = await readGroupEntries(inspector, groupId, { first: next, last });
    if (entries === undefined) return false;
    for (const entry of entries) if (entry.type === EntryType.Command) machine.apply(entry);
    next += entries.length;
  }
  return true;
}
