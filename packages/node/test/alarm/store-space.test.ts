import { describe, expect, test } from "vitest";
import { Alarms } from "../../src/alarm/alarms.ts";
import { StoreSpace } from "../../src/alarm/store-space.ts";
import { recordingLogger } from "./recording-logger.ts";

describe("space for the log of messages", () => {
  test("raises the disk alarm while it is short, beside the disk monitor", () => {
    const { log, lines } = recordingLogger();
    const alarms = new Alarms(log);
    const space = new StoreSpace("rabbit@hare", { alarms, log });
    space.update("ok");
    expect(lines).toEqual([]);
    space.update("low");
    expect(alarms.reason).toBe("low on disk");
    space.update("full");
    alarms.raise("disk", "rabbit@hare");
    alarms.clear("disk", "rabbit@hare");
    expect(alarms.reason).toBe("low on disk");
    space.update("ok");
    expect(alarms.reason).toBeUndefined();
    expect(lines.map((line) => line.split("\n")[0])).toEqual([
      "warn Free disk space is insufficient for the log of messages",
      "warn disk resource limit alarm set on node rabbit@hare.",
      "warn Free disk space is insufficient for the log of messages",
      "info Free disk space is sufficient for the log of messages",
      "warn disk resource limit alarm cleared on node rabbit@hare",
      "warn disk resource limit alarm cleared across the cluster",
    ]);
  });
});
