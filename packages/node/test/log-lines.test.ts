import { expect, test } from "vitest";
import { LogLines } from "../src/log-lines.ts";

test("the newest lines are kept, so many and so much of them", () => {
  const lines = new LogLines();
  for (let at = 0; at < 5000; at++) lines.add(`line ${at}\n`);
  expect(lines.last(2)).toEqual(["line 4998", "line 4999"]);
  expect(lines.last(5000)).toHaveLength(1000);
  expect(lines.last(0)).toEqual([]);
  const long = "x".repeat(100_000);
  for (let at = 0; at < 20; at++) lines.add(long);
  expect(lines.last(1000)).toEqual(Array(5).fill(long));
});

test("a line that is longer than all that is kept is left out", () => {
  const lines = new LogLines();
  lines.add("x".repeat(600_000));
  expect(lines.last(1)).toEqual([]);
  lines.add("next");
  expect(lines.last(2)).toEqual(["next"]);
});

test("who follows gets each line from then on, until the signal", async () => {
  const lines = new LogLines();
  lines.add("before");
  const ended = new AbortController();
  const followed = lines.follow(ended.signal)[Symbol.asyncIterator]();
  const first = followed.next();
  lines.add("one");
  lines.add("two");
  expect(await first).toEqual({ done: false, value: "one" });
  expect((await followed.next()).value).toBe("two");
  const none = followed.next();
  ended.abort();
  expect((await none).done).toBe(true);
});

test("who is too slow is told how much is missing, and holds nothing up", async () => {
  const lines = new LogLines();
  const followed = lines.follow(new AbortController().signal)[Symbol.asyncIterator]();
  const first = followed.next();
  for (let at = 0; at < 3000; at++) lines.add(`line ${at}`);
  expect((await first).value).toBe("line 0");
  const seen: unknown[] = [];
  while (!String(seen.at(-1)).startsWith("(")) seen.push((await followed.next()).value);
  expect(seen).toHaveLength(1000);
  expect(seen.at(-2)).toBe("line 999");
  expect(seen.at(-1)).toBe("(2000 lines left out: the reader was too slow)");
  await followed.return?.();
});
