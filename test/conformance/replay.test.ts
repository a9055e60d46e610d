import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type BrokerUnderTest, brokerUnderTest } from "./broker-under-test.ts";
import { GROUPS } from "./cases.ts";
import { DIFFERENCES, expectedOfUs } from "./differences.ts";
import { type Recording, readRecordings } from "./recording.ts";
import { runCase } from "./script/session.ts";

const CONCURRENCY = 24;
const CASE_TIMEOUT_MS = 30_000;

vi.setConfig({ maxConcurrency: CONCURRENCY, testTimeout: CASE_TIMEOUT_MS });

const recordings = new Map<string, Recording>();
for (const group of GROUPS) {
  for (const [name, recording] of Object.entries(await readRecordings(group.name))) {
    recordings.set(name, recording);
  }
}

let broker: BrokerUnderTest;
beforeAll(async () => {
  broker = await brokerUnderTest();
});
afterAll(async () => {
  await broker.stop();
});

for (const group of GROUPS) {
  describe.concurrent(`as RabbitMQ: ${group.name}`, () => {
    for (const item of group.cases) {
      test(`${item.section} ${item.name}`, async () => {
        const recorded = recordings.get(item.name)?.transcript;
        if (recorded === undefined) throw new Error("never recorded: npm run conformance:record");
        const expected = broker.isRabbit ? recorded : expectedOfUs(item.name, recorded);
        expect(await runCase(broker.target, item)).toEqual(expected);
      });
    }
  });
}

describe("the recordings", () => {
  const names = GROUPS.flatMap((group) => group.cases.map((item) => item.name));

  test("have a unique name for each case", () => {
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test("hold no case that exists no more", () => {
    expect([...recordings.keys()].filter((name) => !names.includes(name))).toEqual([]);
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
