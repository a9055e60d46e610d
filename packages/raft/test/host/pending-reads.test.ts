import { describe, expect, test } from "vitest";
import { PendingReads, type ReadDone, type ReadResult } from "../../src/host/pending-reads.ts";

function reads(): { pending: PendingReads; results: string[]; ask(name: string): void } {
  const results: string[] = [];
  let asked = 0;
  const pending = new PendingReads({
    nextReadContext: () => ++asked,
    settleRead: (done: ReadDone, result: ReadResult): void => done(result),
  });
  const ask = (name: string): void => {
    pending.add((result) => {
      results.push(result.kind === "ready" ? `${name}:${result.index}` : `${name}:${result.kind}`);
    });
  };
  return { pending, results, ask };
}

describe("pending reads", () => {
  test("of one turn share a round and wait until its index is applied", () => {
    const { pending, results, ask } = reads();
    ask("a");
    ask("b");
    expect(pending.hasFresh).toBe(true);
    const context = pending.startRound(100);
    expect(pending.hasFresh).toBe(false);
    pending.onApplied(50);
    pending.onIndex(context, 7);
    pending.onApplied(6);
    expect(results).toEqual([]);
    pending.onApplied(7);
    expect(results).toEqual(["a:7", "b:7"]);
    expect(pending.count).toBe(0);
  });

  test("of different turns have rounds of their own", () => {
    const { pending, results, ask } = reads();
    ask("a");
    const first = pending.startRound(100);
    ask("b");
    const second = pending.startRound(100);
    pending.onIndex(second, 3);
    pending.onApplied(3);
    pending.refuse(first, { kind: "unknown" });
    expect(results).toEqual(["b:3", "a:unknown"]);
  });

  test("expire when no index comes in time", () => {
    const { pending, results, ask } = reads();
    ask("a");
    pending.startRound(100);
    ask("b");
    pending.startRound(200);
    pending.expire(99);
    expect(results).toEqual([]);
    pending.expire(100);
    expect(results).toEqual(["a:unknown"]);
    expect(pending.count).toBe(1);
  });

  test("end with the group, whatever they wait for", () => {
    const { pending, results, ask } = reads();
    ask("a");
    pending.onIndex(pending.startRound(100), 9);
    ask("b");
    pending.startRound(100);
    ask("c");
    pending.stop({ kind: "stopped" });
    expect(results).toEqual(["a:stopped", "b:stopped", "c:stopped"]);
    expect(pending.count).toBe(0);
  });

  test("take an answer once", () => {
    const { pending, results, ask } = reads();
    ask("a");
    const context = pending.startRound(100);
    pending.onIndex(context, 1);
    pending.onIndex(context, 1);
    pending.onApplied(1);
    expect(results).toEqual(["a:1"]);
  });
});
