import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { launchLeveret } from "./crash/broker-launcher.ts";
import { CrashTest, type CrashTestOptions } from "./crash/crash-test.ts";
import { damageNewestFile } from "./crash/sabotage.ts";

const PROGRAM = [join(import.meta.dirname, "../../dist/main.js")];
const TIMEOUT_MS = 240_000;
const ROUNDS = 4;
const SEED = Date.now() % 1_000_000;

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "leveret-crash-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function makeTest(options: Partial<CrashTestOptions> = {}): CrashTest {
  return new CrashTest({
    seed: SEED,
    launch: launchLeveret(directory, { program: PROGRAM }),
    endings: "mixed",
    runMaxMs: 800,
    roundsPerCheck: 2,
    settleMs: 250,
    ...options,
  });
}

async function run(crashes: CrashTest): Promise<number> {
  let confirmed = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    confirmed += (await crashes.runRound({ isLast: round === ROUNDS })).confirmed;
  }
  return confirmed;
}

test(
  "a broker that is killed and stopped under load keeps what it has confirmed",
  async () => {
    expect(await run(makeTest()), `seed ${SEED}`).toBeGreaterThan(100);
  },
  TIMEOUT_MS,
);

test(
  "a broker that stores nothing is found out",
  async () => {
    const launch = launchLeveret(directory, { program: PROGRAM, isInMemory: true });
    await expect(run(makeTest({ launch }))).rejects.toThrow("is gone");
  },
  TIMEOUT_MS,
);

test(
  "a log that loses its end is found out",
  async () => {
    const afterKill = async (): Promise<void> => {
      await damageNewestFile(join(directory, "data"));
    };
    await expect(run(makeTest({ endings: "kill", afterKill }))).rejects.toThrow(
      /lost|damage|gone|is back/,
    );
  },
  TIMEOUT_MS,
);
