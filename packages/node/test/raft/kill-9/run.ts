import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { KillTest } from "./kill-round.ts";

// npm run test:kill9 -- [--rounds 100] [--seed N] [--directory PARENT]: writers killed and their logs checked.

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "100" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    directory: { type: "string", default: tmpdir() },
  },
});
const directory = await mkdtemp(join(values.directory, "kill-9-"));
const rounds = Number(values.rounds);
process.stdout.write(`seed ${values.seed}, data in ${directory}\n`);
const test = new KillTest(join(directory, "data"), Number(values.seed));
let durable = 0;
let early = 0;
for (let round = 0; round < rounds; round++) {
  const report = await test.runRound();
  durable += report.durableAppends;
  if (!report.wasOpen) early++;
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
process.stdout.write(
  `${rounds} rounds (${early} killed before they had opened), ${durable} durable appends: nothing missing\n`,
);
// Kept when something is wrong, for whoever looks into it.
await rm(directory, { recursive: true });
