import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Alarms } from "../../src/alarm/alarms.ts";
import { DiskMonitor } from "../../src/alarm/disk-monitor.ts";
import { directoryDiskProbe } from "../../src/alarm/resource-probes.ts";
import type { ResourceLimit } from "../../src/config/config.ts";
import { recordingLogger } from "./recording-logger.ts";
import { StepClock } from "./step-clock.ts";

const LIMIT = 50_000_000;

function make(limit: ResourceLimit = { absolute: LIMIT }) {
  const { log, lines } = recordingLogger();
  const clock = new StepClock();
  const alarms = new Alarms(recordingLogger().log);
  const disk = { free: 85_353_541_632, error: undefined as Error | undefined, asked: 0 };
  const probe = {
    free: (): Promise<number> => {
      disk.asked += 1;
      return disk.error === undefined ? Promise.resolve(disk.free) : Promise.reject(disk.error);
    },
  };
  const monitor = new DiskMonitor(
    { node: "rabbit@hare", limit, totalMemory: 1000 },
    { clock, alarms, log, probe },
  );
  return { monitor, disk, clock, alarms, lines };
}

/** The probes are promises: lets those that are settled take effect. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

describe("DiskMonitor", () => {
  test("sets the alarm below the limit and clears it at the limit", async () => {
    const { monitor, disk, clock, alarms } = make();
    await monitor.start();
    expect(alarms.isActive).toBe(false);
    disk.free = LIMIT - 1;
    clock.advance(10_000);
    await settled();
    expect(alarms.active).toEqual([{ source: "disk", node: "rabbit@hare" }]);
    expect(monitor.free).toBe(LIMIT - 1);
    disk.free = LIMIT;
    clock.advance(10_000);
    await settled();
    expect(alarms.isActive).toBe(false);
  });

  test.each([
    ["far from the limit every 10 s", 1e12, 10_000],
    ["nearer, in twice the time in which 250 MB/s could reach it", LIMIT + 250_000_000, 2000],
    ["close to it every 100 ms", LIMIT + 1, 100],
    ["below it every 10 s", LIMIT - 1, 10_000],
  ])("looks %s", async (_name, free, delay) => {
    const { monitor, disk, clock } = make();
    disk.free = free;
    await monitor.start();
    expect(clock.delays).toEqual([delay]);
  });

  test("takes a limit relative to the memory, and a new one at once", async () => {
    const { monitor, alarms, clock } = make({ relative: 1.5 });
    await monitor.start();
    expect(monitor.limit).toBe(1500);
    await monitor.setLimit({ absolute: 1e13 });
    expect(alarms.reason).toBe("low on disk");
    expect(clock.delays).toHaveLength(1);
  });

  test("looks no more after a stop, and again when it is resumed, with the limit of then", async () => {
    const { monitor, disk, clock, alarms } = make();
    await monitor.start();
    await monitor.setLimit({ absolute: 1000 });
    monitor.stop();
    const { asked } = disk;
    disk.free = 999;
    clock.advance(60_000);
    await settled();
    expect([disk.asked, alarms.isActive]).toEqual([asked, false]);
    await monitor.resume();
    expect([monitor.limit, alarms.isActive]).toEqual([1000, true]);
    expect(clock.delays).toEqual([10_000]);
  });

  test("changes no alarm while the figure is unknown, and gives up after ten more tries", async () => {
    const { monitor, disk, clock, alarms, lines } = make();
    disk.free = 0;
    await monitor.start();
    disk.error = new Error("EIO");
    clock.advance(10_000);
    await settled();
    expect(clock.delays).toEqual([120_000]);
    for (let retry = 0; retry < 20; retry++) {
      clock.advance(120_000);
      await settled();
    }
    expect(alarms.reason).toBe("low on disk");
    expect(clock.delays).toEqual([]);
    expect(disk.asked).toBe(12);
    expect(lines.at(-1)).toBe(
      "error Free disk space cannot be determined; it is not monitored any more",
    );
  });

  test("ignores an answer that comes after stop()", async () => {
    const { monitor, disk, alarms, clock } = make();
    disk.free = 0;
    const started = monitor.start();
    monitor.stop();
    await started;
    expect(alarms.isActive).toBe(false);
    expect(clock.delays).toEqual([]);
  });

  test("logs as RabbitMQ 3.10.8 does", async () => {
    const { monitor, lines } = make({ absolute: 10_000_000_000_000 });
    await monitor.start();
    await monitor.setLimit({ absolute: 50_000_000 });
    expect(lines).toEqual([
      "info Disk free limit set to 10000000MB",
      "info Free disk space is insufficient. Free bytes: 85353541632. Limit: 10000000000000",
      "info Disk free limit set to 50MB",
      "info Free disk space is sufficient. Free bytes: 85353541632. Limit: 50000000",
    ]);
  });
});

describe("directoryDiskProbe", () => {
  test("tells the free space of a folder, also of one that is yet to be made", async () => {
    expect(await directoryDiskProbe(join(tmpdir(), "not", "there")).free()).toBeGreaterThan(0);
  });
});
