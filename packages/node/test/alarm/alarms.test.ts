import { describe, expect, test } from "vitest";
import { Alarms } from "../../src/alarm/alarms.ts";
import { recordingLogger } from "./recording-logger.ts";

const NODE = "rabbit@hare";

function make(): { alarms: Alarms; lines: string[]; reasons: (string | undefined)[] } {
  const { log, lines } = recordingLogger();
  const alarms = new Alarms(log);
  const reasons: (string | undefined)[] = [];
  alarms.onChange((reason) => reasons.push(reason));
  return { alarms, lines, reasons };
}

describe("Alarms", () => {
  test("tells the reason for connection.blocked, and when it is over", () => {
    const { alarms, reasons } = make();
    alarms.raise("memory", NODE);
    alarms.raise("disk", NODE);
    alarms.clear("memory", NODE);
    alarms.clear("disk", NODE);
    expect(reasons).toEqual(["low on memory", "low on memory & disk", "low on disk", undefined]);
  });

  test("lasts while any node has it", () => {
    const { alarms, reasons } = make();
    alarms.raise("memory", "a@x");
    alarms.raise("memory", "b@x");
    alarms.clear("memory", "a@x");
    expect(alarms.isActive).toBe(true);
    expect(alarms.active).toEqual([{ source: "memory", node: "b@x" }]);
    alarms.clear("memory", "b@x");
    expect(alarms.isActive).toBe(false);
    expect(reasons).toEqual(["low on memory", undefined]);
  });

  test("does nothing when raised or cleared again", () => {
    const { alarms, lines, reasons } = make();
    alarms.clear("disk", NODE);
    alarms.raise("disk", NODE);
    alarms.raise("disk", NODE);
    expect(reasons).toEqual(["low on disk"]);
    expect(lines).toHaveLength(1);
  });

  test("lasts until all that raised it on a node is over", () => {
    const { alarms, lines, reasons } = make();
    alarms.raise("disk", NODE);
    alarms.raise("disk", NODE, "log store");
    alarms.clear("disk", NODE);
    expect([alarms.reason, lines.length]).toEqual(["low on disk", 1]);
    alarms.raise("disk", NODE);
    alarms.clear("disk", NODE, "log store");
    alarms.clear("disk", NODE, "log store");
    expect(alarms.isActive).toBe(true);
    alarms.clear("disk", NODE);
    expect(reasons).toEqual(["low on disk", undefined]);
  });

  test("forgets what a node that left had raised", () => {
    const { alarms } = make();
    alarms.raise("disk", NODE);
    alarms.raise("memory", NODE);
    alarms.raise("memory", "b@x");
    alarms.clearNode(NODE);
    expect(alarms.active).toEqual([{ source: "memory", node: "b@x" }]);
  });

  test("tells nobody who has gone", () => {
    const { alarms, reasons } = make();
    const later: (string | undefined)[] = [];
    const end = alarms.onChange((reason) => later.push(reason));
    end();
    alarms.raise("disk", NODE);
    expect([reasons, later]).toEqual([["low on disk"], []]);
  });

  test("logs as RabbitMQ 3.10.8 does", () => {
    const { alarms, lines } = make();
    alarms.raise("memory", NODE);
    alarms.clear("memory", NODE);
    expect(lines).toEqual([
      `warn memory resource limit alarm set on node rabbit@hare.

**********************************************************
*** Publishers will be blocked until this alarm clears ***
**********************************************************
`,
      "warn memory resource limit alarm cleared on node rabbit@hare",
      "warn memory resource limit alarm cleared across the cluster",
    ]);
  });
});
