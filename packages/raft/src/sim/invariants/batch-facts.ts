/*
 * What a batch of the log says, read from its bytes. This is on purpose no part of the store's code and shares none with it: an
 * oracle that believes what it checks proves nothing. The layout is that of docs/log-format.md: a header of 64 bytes
 * (magic u32, size of the records u32 at 28), then records of a 32-byte header and payload:
 *
 * A batch with the flag COLD (u16 at 6) is a copy in a rewritten file.
 *
 *  0  u8  type      8  u48  index      20  u32  length of payload
 *  1  u8  flags    14  u48  term       28  u32  extra
 *  2  u48 group
 */

const HEADER_MAGIC = 0x4254_564c;
const HEADER_SIZE = 64;
const FLAGS_AT = 6;
const RECORDS_SIZE_AT = 28;
const BATCH_FLAG_COLD = 4;
const RECORD_HEADER_SIZE = 32;

const TYPE_ENTRY = 1;
const TYPE_HARD_STATE = 2;
const TYPE_SNAPSHOT = 4;
const ENTRY_FLAG_REPAIR = 0x10;
const ENTRY_FLAG_LIVE = 0x20;
const SNAPSHOT_FLAG_INSTALLED = 1;
const SNAPSHOT_FLAG_KEEPS_SUFFIX = 2;

/** One record that concerns what a replica has promised. */
export type BatchFact =
  | {
      readonly kind: "entry";
      readonly groupId: number;
      readonly index: number;
      readonly term: number;
      readonly isRepair: boolean;
    }
  | {
      readonly kind: "hard-state";
      readonly groupId: number;
      readonly term: number;
      readonly vote: number;
      readonly commit: number;
    }
  | {
      readonly kind: "snapshot";
      readonly groupId: number;
      readonly index: number;
      readonly term: number;
      readonly keepsSuffix: boolean;
    };

/** Whether bytes written to a file are a batch of the log, not zeros of a file being prepared, nor a copy of old entries. */
export function isBatch(bytes: Uint8Array): boolean {
  if (bytes.length <= HEADER_SIZE || u32(bytes, 0) !== HEADER_MAGIC) return false;
  return ((bytes[FLAGS_AT] ?? 0) & BATCH_FLAG_COLD) === 0;
}

/** The facts in a batch, in order. */
export function factsOf(bytes: Uint8Array): BatchFact[] {
  const facts: BatchFact[] = [];
  const end = Math.min(bytes.length, HEADER_SIZE + u32(bytes, RECORDS_SIZE_AT));
  let position = HEADER_SIZE;
  while (position + RECORD_HEADER_SIZE <= end && bytes[position] !== 0) {
    const fact = factAt(bytes, position);
    if (fact !== undefined) facts.push(fact);
    position += RECORD_HEADER_SIZE + u32(bytes, position + 20);
  }
  return facts;
}

function factAt(bytes: Uint8Array, position: number): BatchFact | undefined {
  const flags = bytes[position + 1] ?? 0;
  const groupId = u48(bytes, position + 2);
  const index = u48(bytes, position + 8);
  const term = u48(bytes, position + 14);
  switch (bytes[position] ?? 0) {
    case TYPE_ENTRY: {
      if ((flags & ENTRY_FLAG_LIVE) !== 0) return undefined;
      return { kind: "entry", groupId, index, term, isRepair: (flags & ENTRY_FLAG_REPAIR) !== 0 };
    }
    case TYPE_HARD_STATE:
      return { kind: "hard-state", groupId, term, vote: u32(bytes, position + 28), commit: index };
    case TYPE_SNAPSHOT: {
      if ((flags & SNAPSHOT_FLAG_INSTALLED) === 0) return undefined;
      const keepsSuffix = (flags & SNAPSHOT_FLAG_KEEPS_SUFFIX) !== 0;
      return { kind: "snapshot", groupId, index, term, keepsSuffix };
    }
    default:
      return undefined;
  }
}

function u32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  const high = (bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8);
  return high * 0x1_0000 + low;
}

function u48(bytes: Uint8Array, at: number): number {
  const high = (bytes[at + 4] ?? 0) | ((bytes[at + 5] ?? 0) << 8);
  return high * 0x1_0000_0000 + u32(bytes, at);
}
