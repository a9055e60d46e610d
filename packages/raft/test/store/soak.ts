/**
 * Runs the model test for many seeds: node --conditions=@leveret/source --import tsx packages/raft/test/store/soak.ts
 * <first seed> <count> <operations>
 */
import { runModelSeed } from "./model-run.ts";

const [first = "1", count = "100", operations = "1000"] = process.argv.slice(2);
const totals = new Map<string, number>();
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  try {
    const life = runModelSeed(seed, Number(operations));
    for (const [what, number] of life.counts) totals.set(what, (totals.get(what) ?? 0) + number);
  } catch (error) {
    process.stdout.write(`seed ${seed} failed\n${String((error as Error).stack).slice(0, 3000)}\n`);
  }
}
process.stdout.write(`${JSON.stringify(Object.fromEntries(totals))}\n`);
