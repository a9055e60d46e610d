import { DecodeError } from "../codec/decode-error.ts";
import { DiskError, type DiskFile } from "../env/disk.ts";
import { call, type Task } from "./task.ts";

/** Errors of reading may be of the moment (a bus, a controller); damage does not go away. */
const READ_ATTEMPTS = 3;

/**
 * Whether an error of reading says that the data is gone: wrong bytes, too few of them, or a device that cannot give them. All
 * others say nothing about the data, and nobody may give it up because of them.
 */
export function isDamage(error: unknown): boolean {
  if (error instanceof DecodeError) return true;
  return error instanceof DiskError && (error.code === "io" || error.code === "not-found");
}

/** Exactly `size` bytes. @throws DecodeError if the file ends before; DiskError */
export function* readFully(file: DiskFile, position: number, size: number): Task<Buffer> {
  const bytes = yield* readUpTo(file, position, size);
  if (bytes.length < size) throw new DecodeError(`${file.path} is cut short`);
  return bytes;
}

/** Up to `size` bytes, fewer at the end of the file. @throws DiskError if reading fails repeatedly */
export function* readUpTo(file: DiskFile, position: number, size: number): Task<Buffer> {
  const target = Buffer.allocUnsafeSlow(size);
  for (let attempt = 1; ; attempt++) {
    try {
      const count = yield* call<number>((done) => file.read(target, position, done));
      return target.subarray(0, count);
    } catch (error) {
      if (!isDamage(error) || attempt >= READ_ATTEMPTS) throw error;
    }
  }
}
