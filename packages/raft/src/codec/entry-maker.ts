import { ENTRY_OVERHEAD } from "../core/entry.ts";
import type { RaftConfig } from "../core/raft-config.ts";
import { entryChecksum, writeEntryRecord } from "./entry-record.ts";
import { EntrySlab, isShared } from "./entry-slab.ts";

/**
 * Makes the entries of the groups that a node leads. A small one is encoded at once, behind the one before it: to the log and to each
 * follower it goes as part of a long run of bytes then.
 */
export function createEntryMaker(): RaftConfig["createEntry"] {
  const slab = new EntrySlab();
  return (groupId, index, term, type, data, command) => {
    const crc = entryChecksum(groupId, index, term, type, data);
    const size = ENTRY_OVERHEAD + data.length;
    if (!isShared(size)) {
      return { index, term, type, data, crc, record: undefined, recordAt: 0, command };
    }
    const recordAt = slab.reserve(size);
    const record = slab.bytes;
    const entry = { index, term, type, data, crc, record, recordAt, command };
    writeEntryRecord(record, recordAt, groupId, entry);
    return entry;
  };
}
