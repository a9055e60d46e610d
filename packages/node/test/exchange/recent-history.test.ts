import type { FieldValue } from "@leveret/amqp";
import { describe, expect, test } from "vitest";
import {
  isExcludedFromHistory,
  RecentHistory,
  recentHistoryLengthOf,
} from "../../src/exchange/recent-history.ts";
import { binding, message, routed, routerOf, table } from "./routing.ts";

describe("an x-recent-history exchange", () => {
  test("routes to every destination and lets no result be cached", () => {
    const router = routerOf("x-recent-history", [binding("q1", "a"), binding("q2", "b")]);
    expect(routed(router, message("k"))).toEqual(["q1", "q2"]);
    expect(router.cacheable).toBe(false);
  });

  test("remembers 20 messages unless x-recent-history-length says otherwise", () => {
    expect(recentHistoryLengthOf(table({}))).toBe(20);
    const lengths: FieldValue[] = [
      { type: "byte", value: 5 },
      { type: "long", value: 5 },
    ];
    for (const length of lengths) {
      expect(recentHistoryLengthOf(table({ "x-recent-history-length": length }))).toBe(5);
    }
  });

  test("leaves out only messages whose x-recent-history-no-store is true", () => {
    const name = "x-recent-history-no-store";
    expect(isExcludedFromHistory(table({ [name]: { type: "bool", value: true } }))).toBe(true);
    expect(isExcludedFromHistory(table({ [name]: { type: "bool", value: false } }))).toBe(false);
    expect(isExcludedFromHistory(table({ [name]: "true" }))).toBe(false);
    expect(isExcludedFromHistory(table({}))).toBe(false);
    expect(isExcludedFromHistory(undefined)).toBe(false);
  });
});

describe("a recent history", () => {
  test("gives the last messages, oldest first, and releases the others", () => {
    const released: number[] = [];
    const history = new RecentHistory<number>(3, (each) => released.push(each));
    for (let index = 0; index < 10; index++) history.add(index, 1);
    expect([...history.messages()]).toEqual([7, 8, 9]);
    expect(history.size).toBe(3);
    expect(released).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test("keeps within its bytes, down to no message at all", () => {
    const released: string[] = [];
    const history = new RecentHistory<string>(10, (each) => released.push(each), 100);
    history.add("a", 60);
    history.add("b", 30);
    history.add("c", 40);
    expect([...history.messages()]).toEqual(["b", "c"]);
    history.add("too large", 101);
    expect([...history.messages()]).toEqual([]);
    expect(released).toEqual(["a", "b", "c", "too large"]);
    history.add("d", 100);
    expect([...history.messages()]).toEqual(["d"]);
  });

  test("releases everything once when it is cleared", () => {
    const released: number[] = [];
    const history = new RecentHistory<number>(5, (each) => released.push(each));
    for (let index = 0; index < 7; index++) history.add(index, 1);
    history.clear();
    history.clear();
    expect(released.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(history.size).toBe(0);
    history.add(7, 1);
    expect([...history.messages()]).toEqual([7]);
  });
});
