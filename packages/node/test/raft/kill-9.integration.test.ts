import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { KillTest } from "./kill-9/kill-round.ts";

const ROUNDS = 8;
const TIMEOUT_MS = 120_000;

test(
  "after kill -9 at any moment a log store has everything that it had reported durable",
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "leveret-kill-9-"));
    const seed = Date.now() % 1_000_000;
    try {
      const kills = new KillTest(join(directory, "data"), seed);
      let durableAppends = 0;
      for (let round = 0; round < ROUNDS; round++) {
        durableAppends += (await kills.runRound()).durableAppends;
      }
      expect(durableAppends, `seed ${seed}`).toBeGreaterThan(100);
    } catch (error) {
      throw new Error(`replay: npm run test:kill9 -- --seed ${seed}`, { cause: error });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
  TIMEOUT_MS,
);
