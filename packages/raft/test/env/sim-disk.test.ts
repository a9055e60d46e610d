import { describe } from "vitest";
import { Random } from "../../src/sim/random.ts";
import { HONEST_DISK, SimDisk } from "../../src/sim/sim-disk.ts";
import { SimProcess } from "../../src/sim/sim-process.ts";
import { SimScheduler } from "../../src/sim/sim-scheduler.ts";
import { type DiskBench, describeDisk } from "./disk-conformance.ts";

function open(): Promise<DiskBench> {
  const random = new Random(5);
  const scheduler = new SimScheduler(random.fork());
  const fail = (error: unknown): void => {
    throw error;
  };
  const process = new SimProcess(scheduler, random.fork(), { wallSkewMs: 0, driftPpm: 0 }, fail);
  const disk = new SimDisk(scheduler, random.fork(), {
    faults: { ...HONEST_DISK, capacityBytes: 1e9 },
    watcher: {
      onDiskEvent: (): void => {},
      onWrite: (): number => 0,
      onDurable: (): void => {},
      onDiskMisuse: (what): void => {
        throw new Error(what);
      },
    },
  });
  return Promise.resolve({
    disk: disk.attach(process),
    run: (isDone): Promise<void> => {
      while (!isDone() && scheduler.runNext(Number.MAX_SAFE_INTEGER));
      return Promise.resolve();
    },
    close: (): Promise<void> => Promise.resolve(),
  });
}

describe("SimDisk", () => {
  describeDisk(open);
});
