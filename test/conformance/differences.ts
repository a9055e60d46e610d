/** Why we answer otherwise than RabbitMQ 3.10.8; docs/compatibility.md argues each by this key. */
export type Reason = keyof typeof REASONS;

/** The reasons, by the key that docs/compatibility.md names. */
export const REASONS = {
  "follows-3.13": "RabbitMQ 3.13 changed it, and clients are written for that",
} as const;

/** How our transcript of a case differs from the recorded one. */
export interface Difference {
  readonly reason: Reason;
  /** What stands in the recording, and what stands there from us; each must occur. */
  readonly replace?: readonly (readonly [recorded: string, ours: string])[];
  /** Our whole transcript, where a replacement would not be readable. */
  readonly transcript?: readonly string[];
}

/** All deliberate differences, by case name. */
export const DIFFERENCES: Readonly<Record<string, Difference>> = {};

/** The transcript that we must give for a case. Throws when a difference does not fit the recording. */
export function expectedOfUs(name: string, recorded: readonly string[]): readonly string[] {
  const difference = DIFFERENCES[name];
  if (difference === undefined) return recorded;
  if (difference.transcript !== undefined) return difference.transcript;
  let text = recorded.join("\n");
  for (const [theirs, ours] of difference.replace ?? []) {
    if (!text.includes(theirs)) throw new Error(`the recording of "${name}" lacks: ${theirs}`);
    text = text.replaceAll(theirs, ours);
  }
  return text.split("\n");
}
