import { Random } from "@leveret/raft/sim";
import { Administrator } from "./administrator.ts";
import { findBrokenPromises, findDisagreement, findLeftover } from "./cluster-checks.ts";
import { Consumer, Getter, Publisher } from "./cluster-clients.ts";
import { ClusterNemesis } from "./cluster-nemesis.ts";
import { type ClusterSwarm, drawClusterSwarm, type Harm, withoutHarms } from "./cluster-swarm.ts";
import { type ClusterTrace, ClusterWorld } from "./cluster-world.ts";
import { drainAll, probeAll } from "./drain.ts";

/** How long there are faults, milliseconds of simulated time. */
export const FAULTS_MS = 40_000;
/** When all has healed, the nodes serve again within so long, */
const SERVING_MS = 90_000;
/** each queue takes and confirms a message at each node within so long, */
const PROBE_MS = 30_000;
/** and all nodes agree on everything within so long. */
const AGREEMENT_MS = 120_000;

export interface ClusterRunOptions {
  readonly seed: number;
  readonly faultsMs?: number;
  readonly without?: readonly Harm[];
  readonly only?: readonly Harm[];
  readonly trace?: ClusterTrace;
}

export interface ClusterRunResult {
  readonly seed: number;
  readonly swarm: ClusterSwarm;
  /** What is wrong; empty: nothing. */
  readonly faults: readonly string[];
  readonly simulatedMs: number;
  readonly coverage: readonly (readonly [string, number])[];
  /** By queue with a single active consumer: how long two were active at most, milliseconds. */
  readonly overlaps: ReadonlyMap<string, number>;
}

/** Runs one seed: faults while clients work; then all heals, the queues are drained, and everything is checked. */
export function runClusterSeed(options: ClusterRunOptions): ClusterRunResult {
  const random = new Random(options.seed);
  const drawn = drawClusterSwarm(random.fork(), options.only);
  const swarm = withoutHarms(drawn, options.without ?? []);
  const world = new ClusterWorld(swarm, random.fork(), options.trace);
  runPhases(world, random, options.faultsMs ?? FAULTS_MS);
  return {
    seed: options.seed,
    swarm,
    faults: world.faults,
    simulatedMs: world.scheduler.nowMs,
    coverage: world.coverage.entries(),
    overlaps: world.exclusivity.overlaps,
  };
}

function runPhases(world: ClusterWorld, random: Random, faultsMs: number): void {
  world.setUp();
  if (hasFailed(world)) return;
  const clients = makeClients(world, random);
  for (const client of clients) client.start();
  const nemesis = new ClusterNemesis(world, random.fork());
  nemesis.start();
  world.advance(faultsMs);
  nemesis.stop();
  world.await("what was begun is over", SERVING_MS, () => nemesis.isQuiet);
  nemesis.stop();
  world.await("all nodes serve", SERVING_MS, () => world.serving().length === world.machines.size);
  if (hasFailed(world)) return;
  for (const client of clients) client.stop();
  probeAll(world, PROBE_MS);
  let problem: string | undefined;
  const isAgreed = (): boolean => {
    world.forgetGhosts();
    problem = findDisagreement(world);
    return problem === undefined;
  };
  world.await("the nodes agree", AGREEMENT_MS, isAgreed);
  if (problem !== undefined) world.onFault(problem);
  if (hasFailed(world)) return;
  drainAll(world);
  if (hasFailed(world)) return;
  world.await("nothing is left over", 30_000, () => findLeftover(world.serving()) === undefined);
  const leftover = findLeftover(world.serving());
  if (leftover !== undefined) world.onFault(leftover);
  for (const promise of findBrokenPromises(world)) world.onFault(promise);
}

function makeClients(world: ClusterWorld, random: Random): { start(): void; stop(): void }[] {
  const { publishers, consumers, getters, administrators } = world.swarm;
  const many = <T>(count: number, make: (own: Random) => T): T[] =>
    Array.from({ length: count }, () => make(random.fork()));
  return [
    ...many(publishers, (own) => new Publisher(world, own)),
    ...many(consumers, (own) => new Consumer(world, own)),
    ...many(getters, (own) => new Getter(world, own)),
    ...many(administrators, (own) => new Administrator(world, own)),
  ];
}

/** Asked anew: what runs in between may have found a fault. */
function hasFailed(world: ClusterWorld): boolean {
  return world.hasFailed;
}
