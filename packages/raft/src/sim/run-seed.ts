import { InvariantViolation } from "./invariants/violation.ts";
import { Liveness } from "./liveness.ts";
import { Nemesis } from "./nemesis.ts";
import { Operators } from "./operators.ts";
import { Random } from "./random.ts";
import { SimWorkload } from "./sim-workload.ts";
import { drawSwarm, type FaultClass, type Swarm, withoutFaults } from "./swarm.ts";
import type { Workload } from "./workload.ts";
import { type TraceSink, World } from "./world.ts";

/** Simulated time after which the safety phase ends even if it made few steps, ms. */
const SAFETY_MS_MAX = 1_200_000;
/** The liveness phase may make this many times the steps of the safety phase. */
const LIVENESS_SHARE = 20;

export interface RunOptions {
  readonly seed: number;
  /** Calls into cores in the safety phase. */
  readonly steps: number;
  readonly trace?: TraceSink;
  /** What the groups run; by default, SimWorkload. */
  createWorkload?(seed: number): Workload;
  /** Takes classes of faults away, for shrinking. */
  readonly withoutFaults?: readonly FaultClass[];
  /** Changes the run's parameters, for shrinking and tests. */
  adjust?(swarm: Swarm): Swarm;
}

export interface RunResult {
  readonly seed: number;
  readonly swarm: Swarm;
  readonly violation: InvariantViolation | undefined;
  readonly steps: number;
  /** Where the violation was found. */
  readonly simulatedMs: number;
  readonly coverage: readonly (readonly [string, number])[];
  /** Equal for equal runs. */
  readonly traceHash: number;
  readonly confirmed: number;
}

/** Runs one seed: faults on and safety checked at each step, then faults off and liveness checked. */
export function runSeed(options: RunOptions): RunResult {
  const random = new Random(options.seed);
  const drawn = drawSwarm(options.seed, options.steps, random.fork());
  const reduced = withoutFaults(drawn, options.withoutFaults ?? []);
  const swarm = options.adjust?.(reduced) ?? reduced;
  const workload = options.createWorkload?.(options.seed) ?? new SimWorkload();
  const world = new World(swarm, random.fork(), { workload, trace: options.trace });
  try {
    runPhases(world, random, options.steps);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    world.onViolation(new InvariantViolation("crash", text));
  }
  return {
    seed: options.seed,
    swarm,
    violation: world.violation,
    steps: world.steps,
    simulatedMs: world.scheduler.nowMs,
    coverage: world.coverage.entries(),
    traceHash: world.traceHash,
    confirmed: world.clients.confirmed,
  };
}

function runPhases(world: World, random: Random, steps: number): void {
  const nemesis = new Nemesis(world, random.fork());
  const operators = new Operators(world, random.fork());
  const liveness = new Liveness(world, operators, random.fork());
  world.start();
  nemesis.start();
  operators.start();
  world.run({ steps, untilMs: SAFETY_MS_MAX });
  if (world.hasFailed()) return;
  nemesis.stop();
  operators.stop();
  world.clients.stop();
  liveness.run(steps * LIVENESS_SHARE);
  if (world.hasFailed()) return;
  const fault = world.workload.verdict?.();
  if (fault !== undefined) world.onViolation(new InvariantViolation("workload", fault));
}
