import { checkExclusivity, type Operation, type Verdict } from "@leveret/raft/history";

/** A consumer that gets nothing for so long is not active any more, as far as can be seen, ms. */
const QUIET_MS = 1000;
/**
 * A leader that was cut off or stopped does not know for an election timeout that it is deposed, ms, and for a moment more
 * where the machine is busy.
 */
const DEPOSED_MS = 3000;

interface Stretch {
  readonly process: number;
  readonly from: number;
  last: number;
}

/** Whether one consumer at a time was served of each of these queues, by the deliveries that all of them saw. */
export function checkSingleActive(
  operations: readonly Operation[],
  queues: ReadonlySet<string>,
  slackMs: number = DEPOSED_MS,
): Verdict {
  const stretches = new Map<string, Stretch[]>();
  const deliveries = operations.filter(({ kind, key }) => kind === "dequeue" && queues.has(key));
  for (const { key, process, invokedAt } of [...deliveries].sort(byTime)) {
    const known = stretches.get(key) ?? [];
    stretches.set(key, known);
    const current = known.findLast((stretch) => stretch.process === process);
    if (current !== undefined && invokedAt - current.last <= QUIET_MS) current.last = invokedAt;
    else known.push({ process, from: invokedAt, last: invokedAt });
  }
  const active = [...stretches].flatMap(([key, each]) => each.map((one) => operationOf(key, one)));
  return checkExclusivity(active, slackMs);
}

function byTime(left: Operation, right: Operation): number {
  return left.invokedAt - right.invokedAt;
}

/** Consumers are not told that they are not active any more. */
function operationOf(key: string, { process, from, last }: Stretch): Operation {
  return {
    process,
    kind: "active",
    key,
    input: null,
    output: { lastActiveAt: last },
    invokedAt: from,
    completedAt: Number.POSITIVE_INFINITY,
    outcome: "unknown",
  };
}
