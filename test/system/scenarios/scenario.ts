import type { Topology } from "../topology/topology.ts";

/** One thing that is tried with the running topology. */
export interface Scenario {
  readonly name: string;
  /** `say` tells what was measured or seen. @throws Error if it is not as it should be */
  run(topology: Topology, say: (text: string) => void): Promise<void>;
}

/** @throws Error */
export function expectThat(isSo: boolean, text: string): void {
  if (!isSo) throw new Error(text);
}
