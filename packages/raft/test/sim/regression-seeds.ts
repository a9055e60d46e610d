/**
 * Seeds that once found a bug: always run. They find the same bug again only as long as the drawing of parameters stays
 * the same, but they stay runs of the kind that is worth having.
 */
export const REGRESSION_SEEDS: readonly { readonly seed: number; readonly steps: number }[] = [
  // Reads answered by numbers of a former life (stale read).
  { seed: 5, steps: 10_000 },
  // A group of one applied entries beyond a change of members.
  { seed: 23, steps: 10_000 },
  // A file of the log used before its name was durable.
  { seed: 33, steps: 10_000 },
  // A leader fetched compacted entries for ever.
  { seed: 50, steps: 10_000 },
  // A replica deleted, created again and lost at a restart.
  { seed: 88, steps: 10_000 },
  // A new sole voter that needed the vote of the one it had replaced.
  { seed: 93, steps: 10_000 },
  // Two members stuck because a leader without snapshot wanted to send one.
  { seed: 162, steps: 10_000 },
  // Asleep while a member that lagged was only suspect.
  { seed: 289, steps: 10_000 },
  // Damage whose repair needs no write.
  { seed: 1007, steps: 20_000 },
];
