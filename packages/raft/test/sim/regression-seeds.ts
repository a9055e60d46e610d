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
  // A log that grew with each restart of its leader until the disk was full; the first is of what could wait to be committed.
  { seed: 15, steps: 40_000 },
  { seed: 150, steps: 40_000 },
  // An error of the disk that the node learned of when the disk was well again.
  { seed: 5063, steps: 40_000 },
  // A batch written twice, torn both times.
  { seed: 20_068, steps: 10_000 },
  // Those who knew that a joint configuration was left were lost, or asked in vain.
  { seed: 20_072, steps: 10_000 },
  { seed: 20_075, steps: 10_000 },
];
