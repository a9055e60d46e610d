import { cutOf, PARTITION_KINDS, type Random } from "@leveret/raft/sim";
import { replicasOf } from "../../../src/metadata/queue-replicas.ts";
import { VHOST } from "./broker-life.ts";
import type { BrokerMachine } from "./broker-machine.ts";
import type { Harm } from "./cluster-swarm.ts";
import type { ClusterWorld } from "./cluster-world.ts";
import { mirrorPolicy } from "./queue-specs.ts";

const MACHINES_MAX = 6;
const MEMBERS_MIN = 3;
/** How much slower a slow network is. */
const SLOWNESS = 30;
/** Policies that change while the cluster runs, each named after its queue. */
const CHANGING = ["all", "two", "nodes", "alone", "single"];
const MODES = ["all", "exactly", "nodes", "none"] as const;

/** Does to the cluster what machines, networks and operators do. */
export class ClusterNemesis {
  readonly #world: ClusterWorld;
  readonly #random: Random;
  #isStopped = false;
  /** Something that must not be disturbed by others of its kind. */
  #isBusy = false;
  readonly #actions: Readonly<Record<Harm, () => void>> = {
    kill: () => this.#kill(1, false),
    "power-loss": () => this.#kill(1, true),
    "kill-minority": () => this.#kill(Math.floor((this.#machines.length - 1) / 2), true),
    "kill-all": () => this.#kill(this.#machines.length, this.#random.chance(0.7)),
    partition: () => this.#partition(),
    "slow-link": () => this.#slowDown(),
    reset: () => this.#reset(),
    leave: () => this.#leave(),
    "stop-all": () => this.#stopAll(),
    join: () => this.#join(),
    remove: () => this.#remove(),
    policy: () => this.#changePolicy(),
    transfer: () => this.#transfer(),
    snapshot: () => this.#snapshot(),
  };

  constructor(world: ClusterWorld, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  start(): void {
    this.#next();
  }

  /** Nothing is begun any more, cuts are healed, and nodes that are down boot. `isQuiet` says when that is through. */
  stop(): void {
    this.#isStopped = true;
    this.#heal();
  }

  /** Whatever was under way is over. */
  get isQuiet(): boolean {
    return !this.#isBusy;
  }

  get #machines(): BrokerMachine[] {
    return [...this.#world.machines.values()];
  }

  #next(): void {
    const { swarm, scheduler } = this.#world;
    scheduler.after(this.#random.exponential(swarm.harmMeanMs), () => {
      if (this.#isStopped) return;
      this.#act();
      this.#next();
    });
  }

  #act(): void {
    const harms = [...this.#world.swarm.harms];
    if (harms.length === 0 || this.#isBusy) return;
    const harm = this.#random.pick(harms);
    this.#world.coverage.count(`harm-${harm}`);
    this.#world.onTrace(0, () => `HARM ${harm}`);
    this.#actions[harm]();
  }

  #after(meanMs: number, call: () => void): void {
    this.#world.scheduler.after(this.#random.exponential(meanMs), call);
  }

  #bootLater(machine: BrokerMachine): void {
    this.#after(this.#world.swarm.awayMeanMs, () => {
      if (this.#world.machines.get(machine.nodeId) === machine) machine.boot();
    });
  }

  #kill(count: number, losesPower: boolean): void {
    const victims = this.#random.shuffle(this.#machines.filter(({ isUp }) => isUp));
    for (const machine of victims.slice(0, count)) {
      this.#world.kill(machine, losesPower);
      this.#bootLater(machine);
    }
  }

  #partition(): void {
    const { net, swarm } = this.#world;
    const kind = this.#random.pick(PARTITION_KINDS);
    const hosts = this.#machines.map(({ host }) => host);
    const cut = cutOf(kind, hosts, this.#random);
    this.#world.coverage.count(`partition-${kind}`);
    this.#world.onTrace(0, () => `cut ${kind} ${JSON.stringify(cut)}`);
    for (const [from, to] of cut) net.setBlocked(from, to, true);
    this.#after(swarm.healMeanMs, () => {
      for (const [from, to] of cut) net.setBlocked(from, to, false);
      this.#world.onTrace(0, () => `healed ${kind}`);
    });
  }

  #slowDown(): void {
    const { net, swarm } = this.#world;
    net.faults.delayMeanMs = swarm.net.delayMeanMs * SLOWNESS;
    this.#after(swarm.healMeanMs, () => {
      net.faults.delayMeanMs = swarm.net.delayMeanMs;
    });
  }

  #reset(): void {
    const [a, b] = this.#random.shuffle(this.#machines);
    if (a !== undefined && b !== undefined) this.#world.net.resetBetween(a.host, b.host);
  }

  #heal(): void {
    const { net, swarm } = this.#world;
    net.healAll();
    net.faults.delayMeanMs = swarm.net.delayMeanMs;
    // Who stops them on purpose has them boot in his order.
    if (this.#isBusy) return;
    for (const machine of this.#machines) if (!machine.isUp) this.#bootLater(machine);
  }

  #leave(): void {
    const machine = this.#random.pick(this.#machines);
    machine.leave(() => {
      this.#world.coverage.count(machine.hasLeft ? "left" : "left-early");
      this.#bootLater(machine);
    });
  }

  /** One after the other, or all at once; then they start in another order. The last one down must be among those that serve first. */
  #stopAll(): void {
    const machines = this.#random.shuffle(this.#machines);
    if (machines.some(({ serving }) => serving === undefined)) return;
    this.#isBusy = true;
    if (this.#random.chance(0.3)) {
      for (const machine of machines) machine.leave(() => this.#bootWhenDown(machines, undefined));
      return;
    }
    const stopped: BrokerMachine[] = [];
    const stopNext = (): void => {
      const machine = machines[stopped.length];
      if (machine === undefined) {
        const isClean = stopped.every(({ hasLeft }) => hasLeft);
        this.#bootWhenDown(machines, isClean ? stopped.at(-1) : undefined);
        return;
      }
      machine.leave(() => {
        stopped.push(machine);
        this.#after(300, stopNext);
      });
    };
    stopNext();
  }

  /** `last`: without it none of the others may serve, as it has what they lack. */
  #bootWhenDown(machines: readonly BrokerMachine[], last: BrokerMachine | undefined): void {
    if (machines.some(({ isUp }) => isUp)) return;
    this.#world.coverage.count(last === undefined ? "stopped-all" : "stopped-all-in-order");
    const order = this.#random.shuffle(machines);
    let booted = 0;
    const bootNext = (): void => {
      const isEarly = last?.isUp === false && this.#world.serving().length > 0;
      if (isEarly) this.#world.onFault("a node serves before the one that was down last");
      const machine = order[booted];
      if (machine === undefined) {
        this.#isBusy = false;
        return;
      }
      booted++;
      machine.boot();
      this.#after(this.#world.swarm.awayMeanMs, bootNext);
    };
    bootNext();
  }

  #join(): void {
    if (this.#machines.length < MACHINES_MAX) this.#world.join();
  }

  /** A member stops on purpose, and is removed if nothing is only there. */
  #remove(): void {
    const machine = this.#random.pick(this.#machines);
    if (this.#machines.length <= MEMBERS_MIN || machine.serving === undefined) return;
    this.#isBusy = true;
    machine.leave(() => {
      const { nodeId, votesNowhere } = machine;
      if (!votesNowhere || !this.#isDispensable(nodeId)) {
        this.#isBusy = false;
        this.#bootLater(machine);
        return;
      }
      this.#world.machines.delete(nodeId);
      this.#world.submit({ type: "removeMember", nodeId }, (result) => {
        this.#world.coverage.count(result.ok ? "removed" : `remove-${result.reason}`);
        this.#isBusy = false;
      });
    });
  }

  /** No queue has its only replica there. */
  #isDispensable(nodeId: number): boolean {
    const life = this.#world.pickServing();
    if (life === undefined) return false;
    for (const { queues } of life.metadata.machine.vhosts()) {
      for (const queue of queues.values()) {
        const replicas = replicasOf(queue);
        if (replicas.length > 0 && replicas.every((replica) => replica.nodeId === nodeId)) {
          return false;
        }
      }
    }
    return true;
  }

  #changePolicy(): void {
    const life = this.#world.pickServing();
    if (life === undefined) return;
    const name = this.#random.pick(CHANGING);
    const mode = this.#random.pick(MODES);
    this.#world.coverage.count(`policy-${mode}`);
    this.#world.onTrace(0, () => `policy of ${name}: ${mode}`);
    const definition = mirrorPolicy(mode, this.#world.someNames());
    const base = { vhost: VHOST, name } as const;
    life.process.run(() => {
      life.metadata.submit(
        definition === undefined
          ? { type: "clearPolicy", ...base }
          : {
              type: "setPolicy",
              ...base,
              pattern: `^${name}$`,
              applyTo: "queues",
              priority: 1,
              definition,
            },
        () => undefined,
      );
    });
  }

  #transfer(): void {
    for (const life of this.#world.serving()) {
      life.process.run(() => {
        for (const group of life.storage?.node.groups() ?? []) {
          const { conf, role, replicaId } = group.status();
          const others = conf.voters.filter((voter) => voter !== replicaId);
          if (role !== "leader" || others.length === 0 || this.#random.chance(0.5)) continue;
          group.transferLeader(this.#random.pick(others));
        }
      });
    }
  }

  #snapshot(): void {
    for (const life of this.#world.serving()) {
      life.process.run(() => {
        for (const group of life.storage?.node.groups() ?? []) group.takeSnapshot(() => undefined);
      });
    }
  }
}
