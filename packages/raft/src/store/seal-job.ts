import { RecordWriter } from "../codec/record-bytes.ts";
import { writeGroupImage } from "../codec/record-group-image.ts";
import type { GroupId } from "../core/ids.ts";
import type { GroupLog } from "./group-log.ts";
import type { LogFile } from "./log-file.ts";

/**
 * A hot file to which nothing is added any more, on its way to an index. How its groups stand at its end is noted group
 * by group: before the group's next change, or else when the index is written.
 */
export class SealJob {
  readonly file: LogFile;
  /** Groups with records in the file. */
  readonly groups: readonly GroupLog[];
  /** All batches of the file are durable. */
  isDurable = false;
  /** Encoded images with their sizes in front, in any order. */
  readonly images: Buffer[] = [];

  constructor(file: LogFile, groups: readonly GroupLog[]) {
    this.file = file;
    this.groups = groups;
    for (const group of groups) group.writes.seal = this;
  }
}

/** Notes how the group stands now for the file that waits for it. */
export function captureImage(group: GroupLog): void {
  const job = group.writes.seal;
  if (job === undefined) return;
  group.writes.seal = undefined;
  group.releaseIndex(job.file);
  job.images.push(encodeImageRow(group));
}

/** An image as it stands in an index file; of a deleted group, only its number. */
export function encodeImageRow(group: GroupLog): Buffer {
  if (group.isDeleted) return encodeTombstoneRow(group.groupId);
  const content = new RecordWriter();
  writeGroupImage(content, group.image());
  const row = new RecordWriter(content.size + 8);
  row.varint(content.size);
  row.bytes(content.view());
  return row.finish();
}

export function encodeTombstoneRow(groupId: GroupId): Buffer {
  const row = new RecordWriter(16);
  row.varint(0);
  row.varint(groupId);
  return row.finish();
}
