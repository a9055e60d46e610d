import type { ResourceLimit } from "../config/config.ts";
import type { Timer } from "../runtime/clock.ts";
import { limitBytes, type MonitorDependencies } from "./memory-monitor.ts";

const MB = 1_000_000;
/** RabbitMQ's assumption of how fast a disk can fill: 250 MB/s, here in bytes per ms. */
const FILL_RATE = 250_000;
const INTERVAL_MIN_MS = 100;
const INTERVAL_MAX_MS = 10_000;
const FAILURE_RETRIES_MAX = 10;
const FAILURE_RETRY_INTERVAL_MS = 120_000;

/** Where the figure comes from; tests pass their own. */
export interface DiskProbe {
  /** Bytes that the broker may still write to the data directory's file system. Rejects if it cannot tell. */
  free(): Promise<number>;
}

export interface DiskMonitorOptions {
  readonly node: string;
  readonly limit: ResourceLimit;
  /** Total memory in bytes, which a relative limit refers to. */
  readonly totalMemory: number;
}

/**
 * Raises the disk alarm while less than the limit is free. RabbitMQ: rabbit_disk_monitor: the closer to the
 * limit, the more often it looks; below the limit every ten seconds.
 */
export class DiskMonitor {
  readonly #options: DiskMonitorOptions;
  readonly #dependencies: MonitorDependencies<DiskProbe>;
  #limit = 0;
  #free: number | undefined;
  #isAlarmed = false;
  #failures = 0;
  #timer: Timer | undefined;
  /** Counts starts and stops, so that a probe's late answer is known as such. */
  #generation = 0;

  constructor(options: DiskMonitorOptions, dependencies: MonitorDependencies<DiskProbe>) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** Resolves after the first sample, so that a full disk is known before the listeners open. */
  start(): Promise<void> {
    return this.setLimit(this.#options.limit);
  }

  stop(): void {
    this.#generation += 1;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Looks again, after `stop`, with the limit that was in force. */
  async resume(): Promise<void> {
    this.stop();
    await this.#sample(this.#generation);
  }

  get limit(): number {
    return this.#limit;
  }

  /** Bytes free at the last sample; undefined: not known. */
  get free(): number | undefined {
    return this.#free;
  }

  /** rabbitmqctl set_disk_free_limit. */
  async setLimit(limit: ResourceLimit): Promise<void> {
    this.#limit = limitBytes(limit, this.#options.totalMemory);
    this.#dependencies.log.info(`Disk free limit set to ${Math.trunc(this.#limit / MB)}MB`);
    this.stop();
    await this.#sample(this.#generation);
  }

  async #sample(generation: number): Promise<void> {
    let free: number;
    try {
      free = await this.#dependencies.probe.free();
    } catch (error) {
      if (generation === this.#generation) this.#onFailure(error, generation);
      return;
    }
    if (generation !== this.#generation) return;
    this.#failures = 0;
    this.#free = free;
    this.#compare(free);
    this.#schedule(this.#intervalMs(free), generation);
  }

  #compare(free: number): void {
    const isBelow = free < this.#limit;
    if (isBelow === this.#isAlarmed) return;
    this.#isAlarmed = isBelow;
    const { alarms, log } = this.#dependencies;
    const what = isBelow ? "insufficient" : "sufficient";
    log.info(`Free disk space is ${what}. Free bytes: ${free}. Limit: ${this.#limit}`);
    if (isBelow) alarms.raise("disk", this.#options.node);
    else alarms.clear("disk", this.#options.node);
  }

  /** Twice the time in which the disk could fill up to the limit; formula and bounds are RabbitMQ's. */
  #intervalMs(free: number): number {
    if (this.#isAlarmed) return INTERVAL_MAX_MS;
    const ideal = Math.trunc((2 * (free - this.#limit)) / FILL_RATE);
    return Math.max(INTERVAL_MIN_MS, Math.min(INTERVAL_MAX_MS, ideal));
  }

  /** An unknown figure changes no alarm: blocking all publishers over a failed question would be worse. */
  #onFailure(error: unknown, generation: number): void {
    this.#failures += 1;
    const { log } = this.#dependencies;
    if (this.#failures > FAILURE_RETRIES_MAX) {
      log.error(
        { err: error },
        "Free disk space cannot be determined; it is not monitored any more",
      );
      return;
    }
    log.warn({ err: error }, "Free disk space cannot be determined; trying again in two minutes");
    this.#schedule(FAILURE_RETRY_INTERVAL_MS, generation);
  }

  #schedule(delayMs: number, generation: number): void {
    this.#timer = this.#dependencies.clock.setTimer(delayMs, () => {
      void this.#sample(generation);
    });
  }
}
