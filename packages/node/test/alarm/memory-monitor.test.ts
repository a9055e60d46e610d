import { describe, expect, test } from "vitest";
import { Alarms } from "../../src/alarm/alarms.ts";
import { MemoryMonitor } from "../../src/alarm/memory-monitor.ts";
import { processMemoryProbe } from "../../src/alarm/resource-probes.ts";
import type { ResourceLimit } from "../../src/config/config.ts";
import { recordingLogger } from "./recording-logger.ts";
import { StepClock } from "./step-clock.ts";

const INTERVAL_MS = 2500;

function make(watermark: ResourceLimit = { relative: 0.4 }, totalOverride?: number) {
  const { log, lines } = recordingLogger();
  const clock = new StepClock();
  const alarms = new Alarms(recordingLogger().log);
  const memory = { used: 100, total: 1000, collections: 0 };
  const probe = {
    used: () => memory.used,
    total: () => memory.total,
    collect: () => {
      memory.collections += 1;
    },
  };
  const monitor = new MemoryMonitor(
    { node: "rabbit@hare", watermark, totalOverride, intervalMs: INTERVAL_MS },
    { clock, alarms, log, probe },
  );
  return { monitor, memory, clock, alarms, lines };
}

describe("MemoryMonitor", () => {
  test("sets the alarm above the watermark and clears it at or below, without hysteresis", () => {
    const { monitor, memory, clock, alarms } = make();
    monitor.start();
    memory.used = 400;
    clock.advance(INTERVAL_MS);
    expect(alarms.isActive).toBe(false);
    memory.used = 401;
    clock.advance(INTERVAL_MS);
    expect(alarms.active).toEqual([{ source: "memory", node: "rabbit@hare" }]);
    memory.used = 400;
    clock.advance(INTERVAL_MS);
    expect(alarms.isActive).toBe(false);
  });

  test("looks at once when it starts, and not before the interval again", () => {
    const { monitor, memory, clock, alarms } = make();
    memory.used = 999;
    monitor.start();
    expect(alarms.isActive).toBe(true);
    memory.used = 0;
    clock.advance(INTERVAL_MS - 1);
    expect(alarms.isActive).toBe(true);
  });

  test.each<[string, ResourceLimit, number | undefined, number]>([
    ["a part of the total", { relative: 0.4 }, undefined, 400],
    ["a part of the configured total", { relative: 0.4 }, 5000, 2000],
    ["bytes", { absolute: 123 }, 5000, 123],
  ])("takes a watermark as %s", (_name, watermark, total, limit) => {
    const { monitor } = make(watermark, total);
    monitor.start();
    expect(monitor.limit).toBe(limit);
  });

  test("takes a new watermark at once; 0 blocks all publishers", () => {
    const { monitor, alarms, clock } = make();
    monitor.start();
    monitor.setWatermark({ relative: 0 });
    expect(alarms.reason).toBe("low on memory");
    monitor.setWatermark({ absolute: 100 });
    expect(alarms.isActive).toBe(false);
    expect(clock.delays).toEqual([INTERVAL_MS]);
  });

  test("while alarmed has memory collected now and then, as an idle V8 would not", () => {
    const { monitor, memory, clock } = make();
    memory.used = 999;
    monitor.start();
    for (let sample = 0; sample < 8; sample++) clock.advance(INTERVAL_MS);
    expect(memory.collections).toBe(2);
    memory.used = 0;
    for (let sample = 0; sample < 8; sample++) clock.advance(INTERVAL_MS);
    expect(memory.collections).toBe(2);
  });

  test("leaves no timer behind", () => {
    const { monitor, clock } = make();
    monitor.start();
    monitor.stop();
    expect(clock.delays).toEqual([]);
  });

  test("logs as RabbitMQ 3.10.8 does", () => {
    const { monitor, memory, clock, lines } = make({ relative: 0.0001 });
    memory.total = 25_276_510_208;
    memory.used = 153_976_832;
    monitor.start();
    memory.used = 0;
    clock.advance(INTERVAL_MS);
    expect(lines).toEqual([
      "info Memory high watermark set to 2 MiB (2527651 bytes) of 24105 MiB (25276510208 bytes) total",
      "info vm_memory_high_watermark set. Memory used:153976832 allowed:2527651",
      "info vm_memory_high_watermark clear. Memory used:0 allowed:2527651",
    ]);
  });
});

describe("processMemoryProbe", () => {
  test("tells plausible figures of this process, and can collect", () => {
    const probe = processMemoryProbe();
    probe.collect();
    expect(probe.used()).toBeGreaterThan(10_000_000);
    expect(probe.total()).toBeGreaterThan(probe.used());
  });
});
