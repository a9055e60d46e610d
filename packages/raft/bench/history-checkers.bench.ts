import { bench, describe } from "vitest";
import { checkLinearizability, checkTotalQueue, type Operation } from "../src/history/index.ts";
import { registerOfFew, registerOfUnique } from "../test/history/objects-under-test.ts";
import { QUEUE_UNDER_TEST_RULES, randomQueueHistory } from "../test/history/queue-under-test.ts";
import { type ObjectUnderTest, randomHistory } from "../test/history/random-history.ts";
import { SeededRandom } from "../test/history/seeded-random.ts";

// 5,000 operations; those without an answer stay open to the end and make the search hard.

function history<S>(object: ObjectUnderTest<S>, processes: number, unknownPercent: number) {
  const options = { processes, operations: 5000, unknownPercent, failPercent: 2 };
  return randomHistory(object, new SeededRandom(1), options);
}

function check(operations: readonly Operation[]): void {
  const { validity } = checkLinearizability(operations, registerOfFew.model);
  if (validity !== "valid") throw new Error(validity);
}

describe("5,000 operations on one register", () => {
  for (const processes of [5, 20, 50]) {
    const few = history(registerOfFew, processes, 0);
    const unique = history(registerOfUnique, processes, 0);
    const unanswered = history(registerOfUnique, processes, 2);
    bench(`${processes} clients, three values`, () => check(few));
    bench(`${processes} clients, unique values`, () => check(unique));
    bench(`${processes} clients, unique values, 2 % unanswered`, () => check(unanswered));
  }
});

describe("total queue", () => {
  const operations = randomQueueHistory(new SeededRandom(1), 100_000);
  bench(`${operations.length} operations`, () => {
    const { validity } = checkTotalQueue(operations, QUEUE_UNDER_TEST_RULES);
    if (validity !== "valid") throw new Error(validity);
  });
});
