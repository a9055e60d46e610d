import type { ClusterRunOptions } from "./run-cluster-seed.ts";

/** Runs that failed once, with what was wrong. They stay for good, though later changes may lead them elsewhere. */
export const REGRESSION_SEEDS: readonly (ClusterRunOptions & { readonly found: string })[] = [
  {
    seed: 5,
    faultsMs: 20_000,
    only: ["snapshot"],
    found: "a basic.get that waited when its channel ended took a message for ever",
  },
];
