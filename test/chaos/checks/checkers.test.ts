import type { Operation } from "@leveret/raft/history";
import { describe, expect, test } from "vitest";
import type { ClientParts } from "../clients/publisher.ts";
import { RunHistory } from "../clients/run-history.ts";
import type { ChaosCluster } from "../cluster/chaos-cluster.ts";
import { WORKLOADS } from "../workloads/all-workloads.ts";
import type { Workload } from "../workloads/workload.ts";
import { explainPriorities } from "./check-priorities.ts";

// Faults are planted into histories of a broker that keeps its promises: each has to be found, by the workload's own checks.

const MESSAGES = 60;
const PUBLISHERS: readonly number[] = [101, 102];
const QUEUE = "chaos-mirrored";

function unexpectedCall(): never {
  throw new Error("no checker needs a cluster");
}

const NO_CLUSTER: ChaosCluster = {
  product: "leveret",
  version: "0",
  indices: [0, 1, 2],
  tellers: [],
  nameOf: unexpectedCall,
  urlOf: unexpectedCall,
  isRunning: unexpectedCall,
  spawn: unexpectedCall,
  ready: unexpectedCall,
  kill: unexpectedCall,
  stop: unexpectedCall,
  signal: unexpectedCall,
  mirror: unexpectedCall,
  counts: unexpectedCall,
  unsynced: unexpectedCall,
  close: unexpectedCall,
};

function workload(name: string): Workload {
  const parts: ClientParts = { cluster: NO_CLUSTER, history: new RunHistory() };
  const made = WORKLOADS[name]?.({ parts, seed: 1, rate: 1, python: "", isCredulous: false });
  if (made === undefined) throw new Error(`there is no workload ${name}`);
  return made;
}

function findings(name: string, operations: readonly Operation[]): string[] {
  return workload(name)
    .check(operations)
    .findings.map(({ kind }) => kind);
}

function operation(
  kind: string,
  key: string,
  at: number,
  rest: Partial<Operation> = {},
): Operation {
  const base = { process: 1, input: null, output: null, outcome: "ok" } as const;
  return { ...base, kind, key, invokedAt: at, completedAt: at + 1, ...rest };
}

function enqueue(
  queue: string,
  message: string,
  at: number,
  rest: Partial<Operation> = {},
): Operation {
  return operation("enqueue", queue, at, { input: { message }, ...rest });
}

function dequeue(
  queue: string,
  message: string,
  at: number,
  rest: Partial<Operation> = {},
): Operation {
  const output = { message, redelivered: false };
  return operation("dequeue", queue, at, { process: 201, output, completedAt: at, ...rest });
}

function settle(queue: string, message: string, at: number, how: string, process = 201): Operation {
  const unknown = { outcome: "unknown", completedAt: Number.POSITIVE_INFINITY } as const;
  return operation("settle", queue, at, { process, input: { message, how }, ...unknown });
}

/** Everything is published, delivered and acked, in order, and the queue is seen empty. */
function faithful(queue: string = QUEUE): Operation[] {
  const operations: Operation[] = [];
  for (let nth = 0; nth < MESSAGES; nth++) {
    const process = PUBLISHERS[nth % PUBLISHERS.length] ?? 0;
    const message = `${process}.${nth}`;
    operations.push(enqueue(queue, message, nth * 10, { process }));
    operations.push(dequeue(queue, message, nth * 10 + 5));
    operations.push(settle(queue, message, nth * 10 + 6, "ack"));
  }
  operations.push(operation("drain", queue, 10_000, { completedAt: 10_100 }));
  return operations;
}

function without(operations: readonly Operation[], kind: string, message: string): Operation[] {
  return operations.filter((each) => {
    const text = JSON.stringify([each.input, each.output]);
    return each.kind !== kind || !text.includes(`"${message}"`);
  });
}

const ONE = `${PUBLISHERS[0]}.20`;

describe("a workload with a queue", () => {
  test("finds nothing in what is as promised", () => {
    expect(findings("mirrored", faithful())).toEqual([]);
  });

  test("finds a confirmed message that never came", () => {
    const lossy = without(without(faithful(), "dequeue", ONE), "settle", ONE);
    expect(findings("mirrored", lossy)).toEqual(["lost"]);
  });

  test("does not call lost what was not confirmed", () => {
    const lossy = without(without(faithful(), "dequeue", ONE), "settle", ONE);
    const unknown = { outcome: "unknown", completedAt: Number.POSITIVE_INFINITY } as const;
    const doubtful = lossy.map((each) =>
      JSON.stringify(each.input).includes(`"${ONE}"`) ? { ...each, ...unknown } : each,
    );
    expect(findings("mirrored", doubtful)).toEqual([]);
  });

  test("finds a message that came twice without the mark", () => {
    const twice = [...faithful(), dequeue(QUEUE, ONE, 5000, { process: 202 })];
    expect(findings("mirrored", twice)).toEqual(["duplicated"]);
  });

  test("accepts a second delivery with the mark", () => {
    const output = { message: ONE, redelivered: true };
    const twice = [...faithful(), dequeue(QUEUE, ONE, 5000, { process: 202, output })];
    expect(findings("mirrored", twice)).toEqual([]);
  });

  test("finds a message that nobody published", () => {
    const more = [...faithful(), dequeue(QUEUE, "101.9999", 5000)];
    expect(findings("mirrored", more)).toContain("unexpected");
  });

  test("finds messages in the wrong order", () => {
    const late = faithful().map((each) =>
      each.kind === "dequeue" && JSON.stringify(each.output).includes(`"${ONE}"`)
        ? { ...each, invokedAt: 5000, completedAt: 5000 }
        : each,
    );
    const disordered = [...without(late, "settle", ONE), settle(QUEUE, ONE, 5001, "ack")];
    expect(findings("mirrored", disordered)).toEqual(["out-of-order"]);
  });

  test("does not pass a queue that was not drained, or that nothing went through", () => {
    const undrained = faithful().filter(({ kind }) => kind !== "drain");
    expect(findings("mirrored", undrained)).toEqual(["not-shown"]);
    expect(findings("mirrored", [])).toEqual(["not-shown"]);
  });
});

describe("the workload of transactions", () => {
  const queue = "chaos-mirrored-transactions";

  test("finds a message of a transaction that was rolled back", () => {
    const rolledBack = enqueue(queue, "tx.1", 4000, { outcome: "fail" });
    const history = [...faithful(queue), rolledBack];
    expect(findings("transactions", history)).toEqual([]);
    const seen = [...history, dequeue(queue, "tx.1", 4100)];
    expect(findings("transactions", seen)).toContain("unexpected");
  });
});

describe("the workload of dead letters", () => {
  const source = "chaos-dead-source";
  const target = "chaos-dead-target";
  const messages = Array.from({ length: 30 }, (_, nth) => `7.${nth}`);
  const rejected = messages.filter((_, nth) => nth % 3 === 0);
  const history: Operation[] = [
    ...messages.map((message, nth) => enqueue(source, message, nth * 10)),
    ...messages.map((message, nth) => dequeue(source, message, nth * 10 + 5)),
    ...messages.map((message, nth) =>
      settle(source, message, nth * 10 + 6, rejected.includes(message) ? "discard" : "ack"),
    ),
    ...rejected.map((message, nth) => dequeue(target, message, 1000 + nth, { process: 301 })),
    ...rejected.map((message, nth) => settle(target, message, 1100 + nth, "ack", 301)),
    operation("drain", source, 10_000),
    operation("drain", target, 20_000),
  ];

  test("finds a rejected message that is not in the dead-letter queue", () => {
    expect(findings("dead-letter", history)).toEqual([]);
    const lossy = history.filter(
      (each) => each.key !== target || !JSON.stringify(each).includes('"7.6"'),
    );
    expect(findings("dead-letter", lossy)).toEqual(["lost"]);
  });

  test("finds a dead letter that nobody rejected", () => {
    const wrong = [...history, dequeue(target, "7.1", 1500, { process: 301 })];
    expect(findings("dead-letter", wrong)).toContain("dead-lettered-without-cause");
  });
});

describe("the workload of single active consumers", () => {
  const queue = "chaos-mirrored-single-active";

  /** One message each 100 ms, to a consumer that `consumerOf` names. */
  function served(consumerOf: (at: number) => number): Operation[] {
    const operations: Operation[] = [operation("drain", queue, 100_000)];
    for (let at = 0; at < 20_000; at += 100) {
      const message = `1.${at}`;
      const process = consumerOf(at);
      operations.push(enqueue(queue, message, at), dequeue(queue, message, at + 5, { process }));
      operations.push(settle(queue, message, at + 6, "ack", process));
    }
    return operations;
  }

  test("accepts one after the other", () => {
    expect(
      findings(
        "single-active",
        served((at) => (at < 8000 ? 201 : 202)),
      ),
    ).toEqual([]);
  });

  test("finds two that are served at the same time", () => {
    const both = served((at) => (at < 8000 ? 201 : 201 + ((at / 100) % 2)));
    expect(findings("single-active", both)).toEqual(["overlap"]);
  });
});

describe("the workload of metadata", () => {
  const key = "queue 1";
  const declared = operation("add", key, 10);
  const deleted = operation("remove", key, 20);
  const seen = (output: boolean): Operation => operation("contains", key, 30, { output });

  test("finds a queue that was deleted and is there, and one that was declared and is not", () => {
    expect(findings("metadata", [declared, deleted, seen(false)])).toEqual([]);
    expect(findings("metadata", [declared, deleted, seen(true)])).toEqual(["not-linearizable"]);
    expect(findings("metadata", [declared, seen(false)])).toEqual(["not-linearizable"]);
  });

  test("finds a policy that was replaced and is in force", () => {
    const policies = [1, 2].map((input) => operation("put", "policy 1", input * 10, { input }));
    const read = (output: number): Operation => operation("get", "policy 1", 50, { output });
    const rest = [declared, seen(true)];
    expect(findings("metadata", [...rest, ...policies, read(2)])).toEqual([]);
    expect(findings("metadata", [...rest, ...policies, read(1)])).toEqual(["not-linearizable"]);
  });
});

test("priorities: the highest first, and in order of publishing", () => {
  const published = [1, 5, 1, 0].map((priority, nth) => ({ message: `m${nth}`, priority }));
  expect(explainPriorities(published, ["m1", "m0", "m2", "m3"])).toBeUndefined();
  expect(explainPriorities(published, ["m0", "m1", "m2", "m3"])).toContain("place 1");
  expect(explainPriorities(published, ["m1", "m0", "m2"])).toContain("place 4");
});
