import { cutOf, PARTITION_KINDS } from "./partitions.ts";
import type { Random } from "./random.ts";
import { SECTOR_SIZE, type SimFile } from "./sim-file.ts";
import type { SimNode } from "./sim-node.ts";
import type { FaultClass } from "./swarm.ts";
import type { World } from "./world.ts";

const KIB = 1024;
const RINGS = ["ring", "ring"] as const;
/** So far from its last byte a file is damaged most of the time: there is what was acknowledged last. */
const RECENT_BYTES = 3 * KIB;

/** Makes the faults of a run happen, each class at random times of its own. */
export class Nemesis {
  readonly #world: World;
  readonly #random: Random;
  readonly #damagedLives = new WeakMap<SimNode, number>();
  #isStopped = false;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  start(): void {
    this.#repeat("kill", () => this.#kill(false));
    this.#repeat("power-loss", () => this.#kill(true));
    this.#repeat("pause", () => this.#pause());
    this.#repeat("clock", () => this.#jumpClock());
    this.#repeat("partition", () => this.#partition());
    this.#repeat("reset", () => this.#reset());
    this.#repeat("disk-full", () => this.#fillDisk());
    this.#repeat("damage", () => this.#damage());
    this.#repeat("stop", () => this.#stopGracefully());
  }

  stop(): void {
    this.#isStopped = true;
  }

  #repeat(fault: FaultClass, happen: () => void): void {
    const world = this.#world;
    if (!world.hasFault(fault)) return;
    const next = (): void => {
      world.scheduler.after(this.#random.exponential(world.swarm.meanMsBetween[fault]), () => {
        if (this.#isStopped) return;
        happen();
        next();
      });
    };
    next();
  }

  #kill(losesPower: boolean): void {
    const up = this.#running();
    if (up.length === 0) return;
    const draw = this.#random.float();
    const count = draw < 0.7 ? 1 : draw < 0.9 ? 1 + this.#random.below(up.length) : up.length;
    const victim = this.#victim();
    const order = this.#random
      .shuffle(up)
      .sort((a, b) => Number(b.nodeId === victim) - Number(a.nodeId === victim));
    for (const node of order.slice(0, count)) {
      this.#world.onEvent(losesPower ? "power-loss" : "kill");
      node.kill(losesPower);
      this.#world.scheduler.after(this.#random.logBetween(1, 6000), () => node.boot());
    }
  }

  #stopGracefully(): void {
    const up = this.#running();
    if (up.length === 0) return;
    const node = this.#random.pick(up);
    if (node.state !== "up") return;
    this.#world.onEvent("graceful-stop");
    const { life } = node;
    node.stop(() => {
      this.#world.onEvent("graceful-stop-done");
      node.kill(this.#random.chance(0.5));
      this.#world.scheduler.after(this.#random.logBetween(1, 5000), () => node.boot());
    });
    // Whoever stops a node for good does not wait for ever.
    this.#world.scheduler.after(60_000, () => {
      if (node.life !== life || node.state !== "stopping") return;
      this.#world.onEvent("graceful-stop-given-up");
      node.kill(false);
      node.boot();
    });
  }

  #pause(): void {
    const up = this.#running();
    if (up.length === 0) return;
    const node = this.#random.pick(up);
    const { process, life } = node;
    if (process === undefined || process.isPaused) return;
    this.#world.onEvent("pause");
    process.pause();
    this.#world.scheduler.after(this.#random.logBetween(10, 20_000), () => {
      if (node.life === life) process.resume();
    });
  }

  #jumpClock(): void {
    const node = this.#random.pick([...this.#world.nodes.values()]);
    this.#world.onEvent("clock-jump");
    node.clock.wallSkewMs += (this.#random.float() - 0.5) * 7_200_000;
  }

  #reset(): void {
    const hosts = this.#random.shuffle([...this.#world.nodes.keys()]);
    const [a, b] = hosts;
    if (a !== undefined && b !== undefined) this.#world.net.resetBetween(a, b);
  }

  #partition(): void {
    const { net, nodes, scheduler } = this.#world;
    if (nodes.size < 2 || net.blockedDirections > 0) return;
    // A ring cuts nothing among fewer than four: it comes more often among more.
    const kind = this.#random.pick([...PARTITION_KINDS, ...(nodes.size > 3 ? RINGS : [])]);
    const cut = cutOf(kind, [...nodes.keys()], this.#random, this.#victim());
    if (cut.length === 0) return;
    this.#world.onEvent(`partition-${kind}`);
    const durationMs = this.#random.logBetween(500, 15_000);
    const breaksConnections = this.#random.chance(0.4);
    const set = (isBlocked: boolean): void => {
      for (const [from, to] of cut) {
        net.setBlocked(from, to, isBlocked);
        if (isBlocked && breaksConnections) net.resetBetween(from, to);
      }
    };
    set(true);
    if (kind === "flapping") this.#flap(set, scheduler.nowMs + durationMs);
    scheduler.after(durationMs, () => set(false));
  }

  /** Often a node that leads: then logs diverge. */
  #victim(): number | undefined {
    const { plans } = this.#world;
    if (plans.length === 0 || this.#random.chance(0.4)) return undefined;
    return this.#world.leaderOf(this.#random.pick(plans))?.node.nodeId;
  }

  #flap(set: (isBlocked: boolean) => void, untilMs: number): void {
    const { scheduler } = this.#world;
    let isBlocked = true;
    const next = (): void => {
      scheduler.after(this.#random.logBetween(50, 5000), () => {
        if (scheduler.nowMs >= untilMs || this.#isStopped) return;
        isBlocked = !isBlocked;
        set(isBlocked);
        next();
      });
    };
    next();
  }

  #fillDisk(): void {
    const node = this.#random.pick([...this.#world.nodes.values()]);
    const { disk } = node;
    const normal = this.#world.swarm.disk.capacityBytes;
    if (disk.faults.capacityBytes < normal) return;
    this.#world.onEvent("disk-filled");
    disk.faults.capacityBytes =
      disk.usedBytes + this.#random.below(this.#world.swarm.limits.hotFileBytes * 3);
    this.#world.scheduler.after(this.#random.logBetween(1000, 30_000), () => {
      disk.faults.capacityBytes = normal;
    });
  }

  /**
   * One place in each life of the node, which has found what was damaged before by then: what tells a batch that was lost from
   * a write that was cut short is in another place; of the batch written last nothing tells yet. A disk that loses both has forgotten without a trace, as no store can
   * tell; in the product, such a machine has to be replaced.
   */
  #damage(): void {
    const { unlucky, nodes } = this.#world;
    if (unlucky.size === 0) return;
    const node = nodes.get(this.#random.pick([...unlucky]));
    if (node?.state !== "up" || this.#damagedLives.get(node) === node.life) return;
    const files = node.disk.files().filter(({ file }) => file.size > 0);
    if (files.length === 0) return;
    const { path, file } = this.#pickFile(files);
    const end = endOfData(file) - node.unprovenBytes(path);
    if (end <= 0) return;
    const what = this.#damageFile(file, end);
    this.#world.harm(node);
    this.#damagedLives.set(node, node.life);
    this.#world.onEvent(`damage-${what}`);
    this.#world.onTrace(node.nodeId, () => `damage: ${what} in ${path}`);
    if (this.#random.chance(0.9)) this.#restart(node);
  }

  /** Mostly one of the newest files of the log, or of the snapshots: the others hold little that is still needed. */
  #pickFile<F extends { readonly path: string }>(files: readonly F[]): F {
    const logs = files.filter(({ path }) => path.endsWith(".hot") || path.endsWith(".cold"));
    const draw = this.#random.float();
    if (logs.length === 0 || draw < 0.1) return this.#random.pick(files);
    const snapshots = files.filter(({ path }) => path.endsWith(".snap"));
    if (snapshots.length > 0 && draw < 0.3) return this.#random.pick(snapshots);
    const newest = [...logs].sort((a, b) => (a.path < b.path ? 1 : -1)).slice(0, 4);
    return this.#random.pick(newest);
  }

  /** Mostly where something has been written. */
  #pickPosition(file: SimFile, end: number): number {
    if (this.#random.chance(0.6)) {
      return end - 1 - this.#random.below(Math.min(end, RECENT_BYTES));
    }
    for (let attempt = 0; attempt < 30; attempt++) {
      const position = this.#random.below(end);
      const start = Math.floor(position / SECTOR_SIZE) * SECTOR_SIZE;
      const sector = file.cachedBytes.subarray(start, start + SECTOR_SIZE);
      if (sector.some((byte) => byte !== 0)) return position;
    }
    return this.#random.below(end);
  }

  #damageFile(file: SimFile, end: number): string {
    const random = this.#random;
    const position = this.#pickPosition(file, end);
    const sector = Math.floor(position / SECTOR_SIZE) * SECTOR_SIZE;
    switch (random.below(4)) {
      case 0: {
        const byte = file.cachedBytes[position] ?? 0;
        file.damage(position, Uint8Array.of(byte ^ (1 << random.below(8))));
        return "flipped-bit";
      }
      case 1:
        file.damage(
          sector,
          new Uint8Array(Math.min(SECTOR_SIZE * random.pick([1, 8]), end - sector)),
        );
        return "zeroed-sectors";
      case 2: {
        const other = Math.floor(random.below(file.size) / SECTOR_SIZE) * SECTOR_SIZE;
        file.damage(sector, file.cachedBytes.slice(other, other + SECTOR_SIZE));
        return "misdirected-write";
      }
      default:
        file.makeUnreadable(position);
        return "unreadable-sector";
    }
  }

  #restart(node: SimNode): void {
    if (node.state === "down") return;
    node.kill(false);
    this.#world.scheduler.after(this.#random.logBetween(10, 5000), () => node.boot());
  }

  #running(): SimNode[] {
    return [...this.#world.nodes.values()].filter((node) => node.state !== "down");
  }
}

/** Behind the last byte that is not zero, up to the end of its sector. */
function endOfData(file: SimFile): number {
  const last = file.cachedBytes.findLastIndex((byte) => byte !== 0);
  return Math.min(file.size, Math.ceil((last + 1) / SECTOR_SIZE) * SECTOR_SIZE);
}
