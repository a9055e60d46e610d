/** Nodes are profiled when the benchmark is (node --cpu-prof --cpu-prof-dir=DIR ...). */
export const PROFILING: readonly string[] = process.execArgv.filter((each) =>
  each.startsWith("--cpu-prof"),
);
