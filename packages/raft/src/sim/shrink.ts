import { type RunOptions, type RunResult, runSeed } from "./run-seed.ts";
import { FAULT_CLASSES, type FaultClass, type Swarm } from "./swarm.ts";

/** The smallest run found that still fails in the same way. */
export interface Shrunk {
  readonly result: RunResult;
  readonly withoutFaults: readonly FaultClass[];
  readonly changes: readonly string[];
  /** Runs made. */
  readonly attempts: number;
}

interface Change {
  readonly name: string;
  apply(swarm: Swarm): Swarm;
}

const CHANGES: readonly Change[] = [
  { name: "one group", apply: (swarm) => ({ ...swarm, groups: 1 }) },
  { name: "one client", apply: (swarm) => ({ ...swarm, clients: 1 }) },
  { name: "no reads", apply: (swarm) => ({ ...swarm, readShare: 0 }) },
  { name: "no rests", apply: (swarm) => ({ ...swarm, restShare: 0 }) },
  { name: "small payloads", apply: (swarm) => ({ ...swarm, maxPayload: 16 }) },
  {
    name: "fewer nodes",
    apply: (swarm) => ({
      ...swarm,
      nodes: Math.min(swarm.nodes, Math.max(swarm.votersPerGroup, 1)),
    }),
  },
];

/** Takes away faults, then groups and clients, as long as the same invariant still breaks. At most `maxAttempts` runs. */
export function shrink(failed: RunResult, options: RunOptions, maxAttempts: number): Shrunk {
  let best = failed;
  let withoutFaults: readonly FaultClass[] = options.withoutFaults ?? [];
  let changes: readonly Change[] = [];
  let attempts = 0;
  const invariant = failed.violation?.invariant;
  const attempt = (faults: readonly FaultClass[], tried: readonly Change[]): boolean => {
    if (attempts >= maxAttempts) return false;
    attempts++;
    const result = runSeed({
      ...options,
      withoutFaults: faults,
      adjust: (swarm) => tried.reduce((changed, change) => change.apply(changed), swarm),
    });
    if (result.violation?.invariant !== invariant) return false;
    best = result;
    withoutFaults = faults;
    changes = tried;
    return true;
  };
  for (const fault of FAULT_CLASSES) {
    if (best.swarm.faults.has(fault)) attempt([...withoutFaults, fault], changes);
  }
  for (const change of CHANGES) attempt(withoutFaults, [...changes, change]);
  return { result: best, withoutFaults, changes: changes.map(({ name }) => name), attempts };
}
