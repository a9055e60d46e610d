import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { brokerUnderTest } from "./broker-under-test.ts";
import { GROUPS } from "./cases.ts";
import { DIFFERENCES } from "./differences.ts";
import { allRecordings, replay } from "./replay.ts";

const recordings = await allRecordings();

replay("as RabbitMQ", recordings, brokerUnderTest, { concurrency: 24 });

describe("the recordings", () => {
  const names = GROUPS.flatMap((group) => group.cases.map((item) => item.name));

  test("have a unique name for each case", () => {
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test("hold no case that exists no more", () => {
    expect(Object.keys(recordings).filter((name) => !names.includes(name))).toEqual([]);
  });

  test("differ from us only in cases that exist", () => {
    expect(Object.keys(DIFFERENCES).filter((name) => !names.includes(name))).toEqual([]);
  });

  test("differ from us only for reasons that docs/compatibility.md gives, and it gives no other", async () => {
    const doc = await readFile(new URL("../../docs/compatibility.md", import.meta.url), "utf8");
    const argued = [...doc.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, name]) => name);
    const used = new Set(Object.values(DIFFERENCES).map(({ reason }) => reason));
    expect(argued.sort()).toEqual([...used].sort());
  });

  test("are 250 at least", () => {
    expect(names.length).toBeGreaterThanOrEqual(250);
  });
});
