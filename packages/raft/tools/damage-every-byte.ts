import { parseArgs } from "node:util";
import { everyPosition } from "../test/sim/damaged-byte/positions.ts";
import { makeScene } from "../test/sim/damaged-byte/scene.ts";
import { Tally } from "../test/sim/damaged-byte/tally.ts";

const USAGE = `Usage: node --conditions=@leveret/source --import tsx packages/raft/tools/damage-every-byte.ts [options]

Damages each byte of the files of one of three nodes, one at a time, and looks whether anything committed is lost.

  --seed N       of the history (default 1)
  --commands N   in it (default 30; each gives some 100 bytes or more to try)
  --follower     damage a former follower instead of the leader
  --step N       try each Nth byte of a part only (default 1)
  --only TEXT    classes of bytes whose name contains TEXT (default: all)
`;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    commands: { type: "string", default: "30" },
    follower: { type: "boolean", default: false },
    step: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    help: { type: "boolean", default: false },
  },
});

function run(): number {
  const scene = makeScene(Number(values.seed), {
    isLeader: !values.follower,
    commands: Number(values.commands),
  });
  const tally = new Tally();
  const startMs = performance.now();
  let tried = 0;
  let shown = 0;
  for (const position of everyPosition(scene, Number(values.step))) {
    if (!position.kind.includes(values.only)) continue;
    tally.try(scene, position);
    tried++;
    for (; shown < tally.failures.length; shown++) {
      process.stdout.write(`FAILED ${tally.failures[shown]}\n`);
    }
    if (tried % 1000 === 0) process.stdout.write(`${tried} bytes\n`);
  }
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  process.stdout.write(`${tally.lines().join("\n")}\n`);
  process.stdout.write(`${tried} bytes in ${seconds} s, ${tally.failures.length} failures\n`);
  return tally.failures.length;
}

if (values.help) process.stdout.write(USAGE);
else process.exitCode = run() === 0 ? 0 : 1;
