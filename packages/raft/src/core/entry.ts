/** What an entry of the log means to Raft. The numbers are the ones on disk and on the wire. */
export const EntryType = {
  /** A command of the state machine. */
  Command: 0,
  /** Appended by each new leader, to commit what came before (Raft dissertation 6.4). */
  Noop: 1,
  /** A change of the group's members: an encoded ConfChange. */
  ConfChange: 2,
} as const;
export type EntryType = (typeof EntryType)[keyof typeof EntryType];

/** A log entry. Immutable from the moment it is in a log; `data` belongs to the log and is never a view of a socket's chunk. */
export interface Entry {
  readonly index: number;
  readonly term: number;
  readonly type: EntryType;
  readonly data: Uint8Array;
  /** CRC-32 over group, index, term, type and data, computed once by the leader that created the entry. */
  readonly crc: number;
  /**
   * Memory that has the entry's record, as it is on disk and on the wire, from `recordAt` on, so that it is copied and not encoded
   * again; undefined: it is not at hand. Never written again.
   */
  readonly record?: Uint8Array | undefined;
  readonly recordAt?: number;
  /** What `data` encodes, kept by the leader that proposed it so that it need not decode; undefined elsewhere. */
  readonly command?: unknown;
}

/** Bytes that an entry counts for in limits: its data and what its record header takes. */
export function entrySize(entry: Entry): number {
  return entry.data.length + ENTRY_OVERHEAD;
}

/** Size of the record header of an entry, on disk and on the wire. */
export const ENTRY_OVERHEAD = 32;
