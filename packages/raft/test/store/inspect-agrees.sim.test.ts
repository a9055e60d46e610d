import { expect, test } from "vitest";
import { Random } from "../../src/sim/random.ts";
import { inspectStore } from "../../src/store/inspect/inspect-store.ts";
import type { InspectedGroup, StoreInspection } from "../../src/store/inspect/store-inspection.ts";
import type { NodeLogStore } from "../../src/store/node-log-store.ts";
import { type DiskImage, putImage, takeImage } from "./disk-image.ts";
import { entries, Machine } from "./store-fixture.ts";

const SEEDS = 80;

/** A directory as some life left it: several files, snapshots, a deleted group, closed or killed. */
function directoryOf(random: Random): DiskImage {
  const machine = new Machine(random.next32());
  machine.open();
  const last = new Map<number, number>();
  for (let step = random.between(5, 40); step > 0; step--) {
    const group = random.between(1, 3);
    const end = last.get(group);
    if (end === undefined) {
      machine.create(group);
      last.set(group, 1);
    } else if (random.chance(0.1)) {
      machine.save(group, {
        index: end,
        term: end === 1 ? 1 : 2,
        state: Buffer.alloc(random.below(3000), "s"),
      });
    } else if (random.chance(0.03)) {
      machine.wait<void>((done) => machine.store.deleteGroup(group, done));
      last.delete(group);
    } else {
      const range = { first: end + 1, last: end + random.between(1, 5) };
      const hardState = { currentTerm: 2, votedFor: 65537, commitIndex: end };
      machine.append(group, { hardState, entries: entries(group, range, 2, random.below(600)) });
      last.set(group, range.last);
    }
  }
  if (random.chance(0.5)) machine.runFor(1000);
  if (random.chance(0.5)) machine.close();
  else machine.kill(random.chance(0.5));
  return takeImage(machine);
}

/** One to three flipped bytes, zeroed, cut or removed parts. */
function harmed(image: DiskImage, random: Random): DiskImage {
  const files = new Map(image);
  for (let count = random.between(1, 3); count > 0; count--) {
    const path = random.pick([...files.keys()].filter((name) => name !== "lock"));
    const bytes = Buffer.from(files.get(path) ?? []);
    const offset = random.below(Math.max(1, bytes.length));
    const kind = random.below(4);
    if (kind === 0) files.delete(path);
    else if (kind === 1) files.set(path, bytes.subarray(0, offset));
    else {
      const end = Math.min(bytes.length, offset + random.between(1, 2000));
      files.set(path, bytes.fill(kind === 2 ? 0x5a : 0, offset, end));
    }
  }
  return files;
}

function inspect(machine: Machine): StoreInspection | Error {
  const disk = machine.disk.attach(machine.process);
  const { process: time } = machine;
  return machine.wait((done) =>
    inspectStore({ disk, clock: time, timers: time, isThorough: false }, (error, inspector) =>
      done(inspector?.result ?? error ?? new Error("no answer")),
    ),
  );
}

/** What a start goes by, of a group as it is shown. */
function asRecovered(group: InspectedGroup): object {
  const { groupId, epoch, replicaId, state, promise, forcedIndex, lastIndex } = group;
  const { currentTerm, votedFor, commitIndex } = group;
  return {
    groupId,
    epoch,
    replicaId,
    hardState: state === "lost" ? "lost" : { currentTerm, votedFor, commitIndex },
    isSnapshotDamaged: group.snapshot.isDamaged,
    promise,
    forcedIndex,
    lastIndex,
    // Of a damaged snapshot, a start makes a hole.
    ...(group.snapshot.isDamaged ? {} : { holes: group.holes }),
  };
}

function groupsOf(store: NodeLogStore): object[] {
  const groups = [...store.groups()].sort((a, b) => a.groupId - b.groupId);
  return groups.map((group) => ({ ...group, lastIndex: store.log(group.groupId).lastIndex }));
}

test("what is shown of a directory is what a start makes of it, whatever was done to it", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new Random(seed);
    const image = directoryOf(random);
    const machine = new Machine(seed);
    putImage(machine, random.chance(0.1) ? image : harmed(image, random));
    const shown = inspect(machine);
    const store = machine.tryOpen();
    const where = `seed ${seed}`;
    if (store instanceof Error || shown instanceof Error) {
      const refusal = shown instanceof Error ? shown.message : shown.refusal;
      expect(store instanceof Error ? store.message : "opened", where).toBe(refusal);
      continue;
    }
    expect(groupsOf(store), where).toMatchObject(shown.groups.map(asRecovered));
    expect(shown.damage.slice(0, store.damage.length), where).toEqual(store.damage);
  }
});
