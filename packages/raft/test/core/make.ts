import { entryChecksum } from "../../src/codec/entry-record.ts";
import type { ConfChange, ConfChangeStep, ConfState } from "../../src/core/conf-state.ts";
import { type Entry, EntryType } from "../../src/core/entry.ts";
import { type ReplicaId, replicaIdOf } from "../../src/core/ids.ts";
import { MessageType, type RaftMessage } from "../../src/core/message.ts";

/** The group of all tests here. */
export const GROUP = 7;
export const EPOCH = 1;
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The replica of node `node`. */
export function r(node: number): ReplicaId {
  return replicaIdOf(node, 1);
}

export function confOf(voters: readonly number[], learners: readonly number[] = []): ConfState {
  return {
    voters: voters.map(r),
    votersOutgoing: [],
    learners: learners.map(r),
    learnersNext: [],
    autoLeave: false,
  };
}

/** A command whose data are `text`. */
export function entryOf(index: number, term: number, text = `${index}.${term}`): Entry {
  const data = Buffer.from(text);
  const crc = entryChecksum(GROUP, index, term, EntryType.Command, data);
  return { index, term, type: EntryType.Command, data, crc };
}

/** Commands from index `first` on, one for each term. */
export function entriesOf(first: number, terms: readonly number[]): Entry[] {
  return terms.map((term, offset) => entryOf(first + offset, term));
}

export function change(
  steps: readonly (readonly [ConfChangeStep["kind"], number])[],
  transition: ConfChange["transition"] = "auto",
): ConfChange {
  return {
    transition,
    steps: steps.map(([kind, node]) => ({ kind, replica: r(node) })),
    context: NO_BYTES,
  };
}

/** A message from node 2 to node 1 with all fields 0 but those given. */
export function message(
  fields: Partial<RaftMessage> & { readonly type: MessageType },
): RaftMessage {
  return {
    groupId: GROUP,
    epoch: EPOCH,
    from: r(2),
    to: r(1),
    term: 1,
    index: 0,
    logTerm: 0,
    commit: 0,
    hint: 0,
    context: 0,
    reject: false,
    entries: [],
    snapshot: undefined,
    ...fields,
  };
}

/** AppendEntries after (`index`, `logTerm`), with entries of these terms. */
export function appendOf(
  term: number,
  index: number,
  logTerm: number,
  terms: readonly number[] = [],
  rest: Partial<RaftMessage> = {},
): RaftMessage {
  const type = MessageType.AppendEntries;
  return message({ type, term, index, logTerm, entries: entriesOf(index + 1, terms), ...rest });
}
