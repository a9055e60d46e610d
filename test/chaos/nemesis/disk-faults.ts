import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../../../packages/raft/src/core/random.ts";
import {
  type Fault,
  type Nemesis,
  type NemesisContext,
  namesOf,
  ONLY_LEVERET,
  pick,
} from "./nemesis.ts";

const SLOW_MIN_MS = 10;
const SLOW_SPREAD_MS = 190;
/** Of <errno.h>, on Linux. */
const EIO = 5;
/** A node that has met an error of its disk ends by itself. */
const ENDS_MAX_MS = 10_000;
const POLL_MS = 100;

const BASE = { nodes: 3, products: ONLY_LEVERET } as const;

export const DISK_NEMESES: readonly Nemesis[] = [
  {
    ...BASE,
    name: "slow-disk",
    about: "each sync of one, two or all nodes takes 10 to 200 ms more (preloaded shim)",
    needs: ["shim"],
    make: makeSlowDisk,
  },
  {
    ...BASE,
    name: "fsync-error",
    about: "each sync of one node fails with EIO (preloaded shim), until it is started again",
    needs: ["shim"],
    make: makeSyncError,
  },
  {
    ...BASE,
    name: "disk-full",
    about: "the disk of one node is full to the last byte",
    needs: ["small-disk"],
    make: makeFullDisk,
  },
];

function makeSlowDisk({ cluster, shims, timeline }: NemesisContext, random: Random): Fault {
  const nodes = pick(random, cluster.indices, 1 + random.below(cluster.indices.length));
  const ms = SLOW_MIN_MS + random.below(SLOW_SPREAD_MS);
  const delayed = (): number =>
    nodes.reduce((sum, node) => sum + (shims[node]?.counts.delayed ?? 0), 0);
  let before = 0;
  return {
    begin: async () => {
      before = delayed();
      timeline.note(`syncs of ${namesOf(cluster, nodes)} take ${ms} ms more`);
      for (const node of nodes) shims[node]?.slowDown(ms);
    },
    end: async () => {
      for (const node of nodes) shims[node]?.slowDown(0);
      timeline.note(`disks are fast again, after ${delayed() - before} slow syncs`);
    },
  };
}

function makeSyncError({ cluster, care, shims, timeline }: NemesisContext, random: Random): Fault {
  let broken: readonly number[] = [];
  return {
    begin: async () => {
      broken = care.take(random, 1);
      timeline.note(`syncs of ${namesOf(cluster, broken)} fail with EIO`);
      for (const node of broken) shims[node]?.failWith(EIO);
    },
    end: async () => {
      for (const node of broken) {
        const endMs = performance.now() + ENDS_MAX_MS;
        while (cluster.isRunning(node) && performance.now() < endMs) await delay(POLL_MS);
        const { failed = 0 } = shims[node]?.counts ?? {};
        const state = cluster.isRunning(node) ? "still runs: it is killed" : "has ended";
        timeline.note(`${namesOf(cluster, [node])} ${state}; ${failed} syncs have failed so far`);
        await cluster.kill(node);
        shims[node]?.failWith(0);
        cluster.spawn(node);
      }
      care.release(broken);
    },
  };
}

function makeFullDisk({ cluster, disk, victim, timeline }: NemesisContext): Fault {
  const name = namesOf(cluster, [victim]);
  return {
    begin: async () => {
      await disk?.fill();
      timeline.note(`the disk of ${name} is full: ${await disk?.freeBytes()} bytes are free`);
    },
    end: async () => {
      await disk?.clear();
      timeline.note(`the disk of ${name} has room again`);
    },
  };
}
