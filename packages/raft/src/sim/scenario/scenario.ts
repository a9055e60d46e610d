/** One story of a few replicas, told step by step. */
export interface Scenario {
  /** What holds, as a sentence. */
  readonly name: string;
  /** @throws Error if it does not */
  run(): void;
}
