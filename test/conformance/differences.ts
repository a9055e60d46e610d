import { WORDED_ACCESS } from "./differences/access.ts";
import { LAST_DEATHS } from "./differences/dead-letter.ts";
import type { Difference } from "./differences/difference.ts";
import { PROTOCOL } from "./differences/protocol.ts";
import { QUEUES } from "./differences/queues.ts";

/** All deliberate differences, by case name. */
export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  ...PROTOCOL,
  ...QUEUES,
  ...WORDED_ACCESS,
  ...LAST_DEATHS,
};

/** The transcript that we must give for a case. Throws when a difference does not fit the recording. */
export function expectedOfUs(name: string, recorded: readonly string[]): readonly string[] {
  const difference = DIFFERENCES[name];
  if (difference === undefined) return recorded;
  let text = recorded.join("\n");
  for (const [theirs, ours] of difference.replace) {
    if (!text.includes(theirs)) throw new Error(`the recording of "${name}" lacks: ${theirs}`);
    text = text.replaceAll(theirs, ours);
  }
  return text.split("\n");
}
