import type { ResourceLimit } from "../config/config.ts";
import type { Logger } from "../logger.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import type { Alarms } from "./alarms.ts";

const MIB = 1024 * 1024;
/**
 * While the alarm is set, every n-th sample first asks for a full collection. Publishers are blocked then, so
 * little is allocated, V8 sees no reason to collect, and memory that is long free would keep the alarm set.
 */
const COLLECT_EVERY_SAMPLES = 4;

/** Where the figures come from; tests pass their own. Bytes. */
export interface MemoryProbe {
  used(): number;
  total(): number;
  /** Gives back what is free, as far as the process can. */
  collect(): void;
}

export interface MemoryMonitorOptions {
  readonly node: string;
  readonly watermark: ResourceLimit;
  /** Takes the place of the probe's total. */
  readonly totalOverride?: number | undefined;
  readonly intervalMs: number;
}

export interface MonitorDependencies<Probe> {
  readonly clock: Clock;
  readonly alarms: Alarms;
  readonly log: Logger;
  readonly probe: Probe;
}

/**
 * Raises the memory alarm while the process uses more than the watermark. RabbitMQ: vm_memory_monitor, with
 * strategy `rss`, and like it without hysteresis: one sample above sets the alarm, one at or below clears it.
 *
 * What counts is the resident set, since that is what the machine or the container kills for. Node's heap
 * gives memory back late, so the alarm clears some seconds after the messages are gone, never too early.
 */
export class MemoryMonitor {
  readonly #options: MemoryMonitorOptions;
  readonly #dependencies: MonitorDependencies<MemoryProbe>;
  #watermark: ResourceLimit;
  #limit = 0;
  #isAlarmed = false;
  #samplesAlarmed = 0;
  #timer: Timer | undefined;

  constructor(options: MemoryMonitorOptions, dependencies: MonitorDependencies<MemoryProbe>) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#watermark = options.watermark;
  }

  /** Takes a first sample at once. */
  start(): void {
    this.setWatermark(this.#watermark);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Watermark in bytes. */
  get limit(): number {
    return this.#limit;
  }

  get used(): number {
    return this.#dependencies.probe.used();
  }

  get total(): number {
    return this.#options.totalOverride ?? this.#dependencies.probe.total();
  }

  /** rabbitmqctl set_vm_memory_high_watermark. A watermark of 0 blocks all publishers. */
  setWatermark(watermark: ResourceLimit): void {
    this.#watermark = watermark;
    const { total } = this;
    this.#limit = limitBytes(watermark, total);
    this.#dependencies.log.info(
      `Memory high watermark set to ${Math.trunc(this.#limit / MIB)} MiB (${this.#limit} bytes)` +
        ` of ${Math.trunc(total / MIB)} MiB (${total} bytes) total`,
    );
    this.stop();
    this.#sample();
  }

  #sample(): void {
    const { clock, probe } = this.#dependencies;
    if (this.#isAlarmed) {
      this.#samplesAlarmed += 1;
      if (this.#samplesAlarmed % COLLECT_EVERY_SAMPLES === 0) probe.collect();
    }
    this.#compare(probe.used());
    this.#timer = clock.setTimer(this.#options.intervalMs, () => this.#sample());
  }

  #compare(used: number): void {
    const isOver = used > this.#limit;
    if (isOver === this.#isAlarmed) return;
    this.#isAlarmed = isOver;
    this.#samplesAlarmed = 0;
    const { alarms, log } = this.#dependencies;
    const what = isOver ? "set" : "clear";
    log.info(`vm_memory_high_watermark ${what}. Memory used:${used} allowed:${this.#limit}`);
    if (isOver) alarms.raise("memory", this.#options.node);
    else alarms.clear("memory", this.#options.node);
  }
}

/** A limit in bytes; a relative one is a part of `total`. */
export function limitBytes(limit: ResourceLimit, total: number): number {
  return "absolute" in limit ? limit.absolute : Math.trunc(limit.relative * total);
}
