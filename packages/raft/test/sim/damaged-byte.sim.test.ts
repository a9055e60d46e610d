import { expect, test } from "vitest";
import { samplesOf } from "./damaged-byte/positions.ts";
import { makeScene } from "./damaged-byte/scene.ts";
import { Tally } from "./damaged-byte/tally.ts";
import { joinDamaged } from "./damaged-byte/trial.ts";

/** What a log consists of. Other classes are tested, too, but need not be there in every history. */
const CLASSES = [
  "hot header",
  "hot file-start head",
  "hot file-start payload",
  "hot entry head",
  "hot entry payload",
  "hot hard-state head",
  "hot snapshot head",
  "hot snapshot payload",
  "hot group-state head",
  "hot group-state payload",
  "hot padding",
  "hot copied rows",
  "hot rows",
  "hot trailer",
  "hot unused",
  "marker header",
  "marker trailer",
  "cold header",
  "cold entry head",
  "cold entry payload",
  "cold trailer",
  "index header",
  "index sections",
  "index images",
  "index directory",
  "snapshot state",
  "snapshot checksums",
  "snapshot description",
  "snapshot footer",
  "node.meta",
  "node.meta.copy",
];
const SAMPLES = 5;

// The damaged node had been at rest, so that all it acknowledged is proven durable: a batch that is damaged before anything was
// written behind it cannot be told from one whose write was cut short.
test.each([
  { role: "leader", seed: 4, isLeader: true },
  { role: "follower", seed: 7, isLeader: false },
])(
  "a damaged byte of a former $role: nothing committed is wrong or missing on any replica, and it is repaired or reported",
  ({ seed, isLeader }) => {
    const scene = makeScene(seed, { isLeader, commands: 250 });
    const tally = new Tally();
    for (const position of samplesOf(scene, seed)) tally.try(scene, position);
    expect(tally.failures).toEqual([]);
    const missed = CLASSES.filter((kind) => tally.of(kind) < SAMPLES);
    expect(missed).toEqual([]);
    expect(tally.outcomes("repaired")).toBeGreaterThan(10);
    expect(tally.outcomes("reported")).toBeGreaterThan(0);
    expect(tally.outcomes("unharmed")).toBeGreaterThan(10);
  },
  120_000,
);

test("a leader that cannot read what a new replica needs lets another one lead", () => {
  const scene = makeScene(5, { isLeader: true, commands: 250 });
  const samples = samplesOf(scene, 3).filter(({ kind }) => kind.startsWith("cold entry"));
  expect(samples).toHaveLength(2 * SAMPLES);
  for (const sample of samples) joinDamaged(scene, sample);
}, 60_000);
