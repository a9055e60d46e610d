import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { STORAGE_OPENING_PATIENCE_MS } from "../../src/limits.ts";
import { OpeningWait } from "../../src/storage/opening-wait.ts";
import { recordingLogger } from "../alarm/recording-logger.ts";

const MIB = 1024 * 1024;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test.each([
  [64 * MIB, "warn the data directory is not open yet: its log is read"],
  [
    64 * MIB - 1,
    "warn the data directory is not open yet: its log is read, or waits until 64 MiB of the disk are free",
  ],
])("with %i bytes free, a long opening tells what it waits for, again and again", (free, line) => {
  const { log, lines } = recordingLogger();
  const wait = new OpeningWait(
    { freeSpace: (done) => done(undefined, free) },
    { log, fileBytes: 64 * MIB },
  );
  vi.advanceTimersByTime(STORAGE_OPENING_PATIENCE_MS * 2.5);
  expect(lines).toEqual([line, line]);
  wait.end();
  vi.advanceTimersByTime(STORAGE_OPENING_PATIENCE_MS * 2);
  expect(lines).toHaveLength(2);
});
