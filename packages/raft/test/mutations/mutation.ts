/** A deliberate bug: the text of the real source is changed before it is bundled, in one place if that is enough. */
export interface Mutation {
  /** What the bug is, in a few words. */
  readonly id: string;
  /** Number in the checklist of known bugs of Raft implementations, or "-" if it is one of our own. */
  readonly checklist: string;
  readonly edits: readonly Edit[];
  /** Who looks for it, if not those of its list. */
  readonly finders?: readonly FinderKind[];
}

export interface Edit {
  /** File, relative to src. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/**
 * Who looks for bugs: the scenarios, the simulated clusters with a seed each, or the random lives of one store, compared with
 * a model, with a seed each.
 */
export const FINDER_KINDS = ["scenarios", "simulator", "store lives"] as const;
export type FinderKind = (typeof FINDER_KINDS)[number];

/** What came of one attempt: of one scenario, or of one seed. */
export interface Outcome {
  readonly steps: number;
  /** Why it failed; undefined: it did not. */
  readonly violation: string | undefined;
}

/** What each module in `finders` exports. */
export interface FinderModule {
  /** Names of the attempts, in the order in which they are made. */
  readonly labels: readonly string[];
  run(label: string): Outcome;
}

/** The parts of the source, and who looks for bugs in them, the most likely first. */
export interface MutationList {
  readonly part: string;
  readonly finders: readonly FinderKind[];
  readonly mutations: readonly Mutation[];
}
