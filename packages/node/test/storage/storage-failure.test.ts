import { DiskError } from "@leveret/raft";
import { describe, expect, test } from "vitest";
import { StorageFailure } from "../../src/storage/storage-failure.ts";
import { recordingLogger } from "../alarm/recording-logger.ts";

const ERROR = new DiskError("io", "sync", "log/00000001.hot", {
  cause: new Error("EIO: i/o error, fdatasync"),
});
const LINE = "fatal storage failed: sync log/00000001.hot: io (EIO: i/o error, fdatasync)";

describe("a failure of the storage", () => {
  test("is logged, then ends the process", () => {
    const { log, lines } = recordingLogger();
    const failure = new StorageFailure(log, () => lines.push("exit"));
    failure.onFailure(() => lines.push("clients dropped"));
    failure.happened(ERROR);
    expect(lines).toEqual([LINE, "exit"]);
  });

  test("in somebody else's process drops the clients", () => {
    const { log, lines } = recordingLogger();
    const failure = new StorageFailure(log, undefined);
    failure.onFailure(() => lines.push("clients dropped"));
    failure.happened(ERROR);
    expect(lines).toEqual([LINE, "clients dropped"]);
  });

  test("during the start is not forgotten", () => {
    const { log, lines } = recordingLogger();
    const failure = new StorageFailure(log, undefined);
    failure.happened(ERROR);
    failure.onFailure(() => lines.push("clients dropped"));
    expect(lines).toEqual([LINE, "clients dropped"]);
  });
});
