import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { BrokerUnderTest } from "./broker-under-test.ts";
import { GROUPS } from "./cases.ts";
import { expectedOfUs } from "./differences.ts";
import { type Recordings, readRecordings } from "./recording.ts";
import { runCase } from "./script/session.ts";

const CASE_TIMEOUT_MS = 30_000;
/** A cluster has to form first. */
const START_TIMEOUT_MS = 60_000;

/** What a replay may be told. */
export interface ReplayOptions {
  /** Cases that run at the same time. */
  readonly concurrency: number;
  /** Names of cases that make no sense against this broker, and why. */
  readonly except?: Readonly<Record<string, string>>;
}

/** All recordings, by case name. */
export async function allRecordings(): Promise<Recordings> {
  const all: Record<string, Recordings[string]> = {};
  for (const group of GROUPS) Object.assign(all, await readRecordings(group.name));
  return all;
}

/** Makes a test of every case: the broker must answer as was recorded. `start` is called once. */
export function replay(
  title: string,
  recordings: Recordings,
  start: () => Promise<BrokerUnderTest>,
  { concurrency, except = {} }: ReplayOptions,
): void {
  vi.setConfig({
    maxConcurrency: concurrency,
    testTimeout: CASE_TIMEOUT_MS,
    hookTimeout: START_TIMEOUT_MS,
  });
  let broker: BrokerUnderTest;
  beforeAll(async () => {
    broker = await start();
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await broker.stop();
  }, START_TIMEOUT_MS);

  for (const group of GROUPS) {
    describe.concurrent(`${title}: ${group.name}`, () => {
      for (const item of group.cases) {
        if (Object.hasOwn(except, item.name)) continue;
        test(`${item.section} ${item.name}`, async () => {
          const recorded = recordings[item.name]?.transcript;
          if (recorded === undefined) throw new Error("never recorded: npm run conformance:record");
          const expected = broker.isRabbit ? recorded : expectedOfUs(item.name, recorded);
          expect(await runCase(broker.target, item)).toEqual(expected);
        });
      }
    });
  }
}
