import { describe, expect, test } from "vitest";
import {
  checkTotalQueue,
  formatVerdict,
  type Operation,
  type QueueProblemKind,
} from "../../src/history/index.ts";
import { QUEUE_UNDER_TEST_RULES, randomQueueHistory } from "./queue-under-test.ts";
import { SeededRandom } from "./seeded-random.ts";

const SEEDS = 100;
const STEPS = 300;

function messageOf({ input, output }: Operation): unknown {
  const side: unknown = output ?? input;
  return typeof side === "object" && side !== null && "message" in side ? side.message : undefined;
}

interface Mutation {
  readonly find: QueueProblemKind;
  /** Makes a broken history; undefined if this one does not lend itself to it. */
  readonly mutate: (history: readonly Operation[], random: SeededRandom) => Operation[] | undefined;
}

/** Leaves out all that shows one confirmed message after its publish. */
function loseMessage(history: readonly Operation[], random: SeededRandom): Operation[] | undefined {
  const confirmed = history.filter((each) => each.kind === "enqueue" && each.outcome === "ok");
  if (confirmed.length === 0) return undefined;
  const lost = messageOf(random.pick(confirmed));
  return history.filter((each) => each.kind === "enqueue" || messageOf(each) !== lost);
}

function onlyDeliveries(history: readonly Operation[]): Operation[] {
  const deliveries = history.filter((each) => each.kind === "dequeue" && each.key === "q");
  return deliveries.filter(
    (each) => deliveries.filter((other) => messageOf(other) === messageOf(each)).length === 1,
  );
}

/** Repeats an acked delivery with its ack, just before the drain. */
function repeatDelivery(
  history: readonly Operation[],
  random: SeededRandom,
  isMarked: boolean,
): Operation[] | undefined {
  const acked = onlyDeliveries(history).filter((delivery) =>
    history.some(
      (each) =>
        each.kind === "settle" &&
        each.key === "q" &&
        messageOf(each) === messageOf(delivery) &&
        JSON.stringify(each.input).includes('"ack"'),
    ),
  );
  const drain = history.find((each) => each.kind === "drain");
  if (acked.length === 0 || drain === undefined) return undefined;
  const message = String(messageOf(random.pick(acked)));
  const output = isMarked ? { message, redelivered: true } : { message };
  const at = { invokedAt: drain.invokedAt - 3, completedAt: drain.invokedAt - 3 };
  const again: Operation = { ...drain, ...at, process: 77, kind: "dequeue", input: null, output };
  return [...history, again];
}

/** Exchanges the names of two messages of one publisher that one consumer got. */
function swapDeliveries(
  history: readonly Operation[],
  random: SeededRandom,
): Operation[] | undefined {
  const publisher = new Map(
    history.flatMap((each) => (each.kind === "enqueue" ? [[messageOf(each), each.process]] : [])),
  );
  const once = onlyDeliveries(history);
  const first = random.pick(once);
  const lane = once.filter(
    (each) =>
      each.process === first.process &&
      publisher.get(messageOf(each)) === publisher.get(messageOf(first)),
  );
  const second = lane.find((each) => each.invokedAt > first.invokedAt);
  if (second === undefined) return undefined;
  const names = new Map([
    [messageOf(first), String(messageOf(second))],
    [messageOf(second), String(messageOf(first))],
  ]);
  return history.map((each) => {
    const name = names.get(messageOf(each));
    if (each.kind === "enqueue" || name === undefined) return each;
    const renamed = (side: Operation["input"]) =>
      side === null || typeof side !== "object" ? side : { ...side, message: name };
    return { ...each, input: renamed(each.input), output: renamed(each.output) };
  });
}

const MUTATIONS: readonly Mutation[] = [
  { find: "lost", mutate: loseMessage },
  { find: "duplicated", mutate: (history, random) => repeatDelivery(history, random, false) },
  {
    find: "delivered-after-ack",
    mutate: (history, random) => repeatDelivery(history, random, true),
  },
  { find: "out-of-order", mutate: swapDeliveries },
  {
    find: "unexpected",
    mutate: (history, random) => {
      const forgotten = random.pick(onlyDeliveries(history));
      return history.filter(
        (each) => each.kind !== "enqueue" || messageOf(each) !== messageOf(forgotten),
      );
    },
  },
  {
    find: "wrong-delivery-count",
    mutate: (history, random) => {
      const wrong = random.pick(onlyDeliveries(history));
      const message = String(messageOf(wrong));
      const output = { message, redelivered: true, deliveryCount: 1 };
      return history.map((each) => (each === wrong ? { ...each, output } : each));
    },
  },
];

describe("random histories of a real queue", () => {
  test("are valid", () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const history = randomQueueHistory(new SeededRandom(seed), STEPS);
      const verdict = checkTotalQueue(history, QUEUE_UNDER_TEST_RULES);
      expect(verdict.validity, `seed ${seed}: ${formatVerdict(verdict)}`).toBe("valid");
      expect(verdict.counts["dead-lettered"], `seed ${seed}`).toBeGreaterThan(0);
    }
  });

  test("are valid in whatever order they were written down", () => {
    const history = randomQueueHistory(new SeededRandom(5), STEPS);
    const verdict = checkTotalQueue(history.toReversed(), QUEUE_UNDER_TEST_RULES);
    expect(verdict.validity, formatVerdict(verdict)).toBe("valid");
  });

  test.each(MUTATIONS)("show $find when that is done to them", ({ find, mutate }) => {
    let mutated = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const random = new SeededRandom(seed);
      const history = mutate(randomQueueHistory(random, STEPS), random);
      if (history === undefined) continue;
      mutated++;
      const verdict = checkTotalQueue(history, QUEUE_UNDER_TEST_RULES);
      expect(
        verdict.problemCounts[find],
        `seed ${seed}: ${formatVerdict(verdict)}`,
      ).toBeGreaterThan(0);
    }
    expect(mutated).toBeGreaterThan(SEEDS / 2);
  });

  test("are unknown without their last drain", () => {
    const history = randomQueueHistory(new SeededRandom(1), STEPS);
    const undrained = history.filter((each) => each.kind !== "drain");
    expect(checkTotalQueue(undrained, QUEUE_UNDER_TEST_RULES).validity).toBe("unknown");
  });
});
