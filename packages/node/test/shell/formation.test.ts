import { describe, expect, test } from "vitest";
import { SILENT_LOGGING } from "../../src/logger.ts";
import { planFormation } from "../../src/shell/formation.ts";
import type { PeerGreeting } from "../../src/shell/peer-protocol.ts";

interface FakeNode {
  clusterId?: string;
  isServing?: boolean;
  isFounding?: boolean;
  isUp?: boolean;
}

describe("planFormation", () => {
  test("the node with the lowest name founds at once, whoever answers", async () => {
    expect(await plan("a", { b: {}, c: { isUp: false } })).toEqual({ kind: "found" });
  });

  test("a cluster that serves is joined, also by the node with the lowest name", async () => {
    const found = await plan("a", { b: { clusterId: "x", isServing: true }, c: {} });
    expect(found).toMatchObject({ kind: "join", name: "b" });
  });

  test("others wait for the lowest name, and join what it has founded", async () => {
    const nodes: Record<string, FakeNode> = { a: {}, c: {} };
    const found = await plan("b", nodes, (pauses) => {
      if (pauses === 2) nodes["a"] = { clusterId: "x", isServing: true };
    });
    expect(found).toMatchObject({ kind: "join", name: "a" });
  });

  test("who does not answer is not waited for for ever", async () => {
    let waited = 0;
    const found = await plan("b", { a: { isUp: false } }, (pauses) => {
      waited = pauses;
    });
    expect([found, waited]).toEqual([{ kind: "found" }, 2]);
  });

  test("a node with a higher name that is about to found is waited for, whatever it does then", async () => {
    const nodes: Record<string, FakeNode> = { b: { isFounding: true } };
    const found = await plan("a", nodes, (pauses) => {
      if (pauses === 1) nodes["b"] = { clusterId: "x", isServing: true };
    });
    expect(found).toMatchObject({ kind: "join", name: "b" });
    const steppedBack = await plan("a", { b: { isFounding: true } }, (pauses, all) => {
      if (pauses === 1) all["b"] = { isFounding: false };
    });
    expect(steppedBack).toEqual({ kind: "found" });
  });

  test("a node steps back from founding when one with a lower name has the same in mind", async () => {
    const told: boolean[] = [];
    const nodes: Record<string, FakeNode> = { a: { isUp: false } };
    await plan("b", nodes, {
      onPause: (pauses) => {
        if (pauses === 3) nodes["a"] = { clusterId: "x", isServing: true };
      },
      setFounding: (isFounding) => {
        told.push(isFounding);
        // It came up between the last look and the one after the claim.
        if (isFounding) nodes["a"] = { isFounding: true };
      },
    });
    expect(told.slice(0, 2)).toEqual([true, false]);
  });

  test("a cluster none of whose nodes serves is not replaced by another", async () => {
    const found = await plan("a", { b: { clusterId: "x", isServing: false } });
    expect(found).toEqual({ kind: "gone", names: ["b"] });
  });

  test("who has tried to join a cluster founds none, and joins by whoever of it runs", async () => {
    const nodes: Record<string, FakeNode> = { b: { isUp: false }, c: { isUp: false } };
    const found = await plan("a", nodes, {
      isJoining: true,
      onPause: (pauses) => {
        if (pauses === 2) nodes["c"] = { clusterId: "x", isServing: true };
      },
    });
    expect(found).toMatchObject({ kind: "join", name: "c" });
    const alone = { b: { isUp: false }, c: {} };
    expect(await plan("a", alone, { isJoining: true })).toEqual({ kind: "gone", names: ["c"] });
  });

  test("a cluster that comes about while one waits has as long to start as one that was there", async () => {
    const found = await plan("b", { a: {} }, (pauses, nodes) => {
      if (pauses === 2) nodes["a"] = { clusterId: "x", isServing: false };
      if (pauses === 4) nodes["a"] = { clusterId: "x", isServing: true };
    });
    expect(found).toMatchObject({ kind: "join", name: "a" });
  });
});

type OnPause = (pauses: number, nodes: Record<string, FakeNode>) => void;

interface PlanOptions {
  readonly onPause?: OnPause;
  readonly setFounding?: (isFounding: boolean) => void;
  readonly isJoining?: boolean;
}

function plan(
  nodeName: string,
  nodes: Record<string, FakeNode>,
  options: PlanOptions | OnPause = {},
) {
  const given = typeof options === "function" ? { onPause: options } : options;
  const { onPause, setFounding = () => undefined, isJoining = false } = given;
  let pauses = 0;
  return planFormation(
    {
      nodeName,
      findSeeds: () => Promise.resolve(Object.keys(nodes).map((name) => ({ name, address: name }))),
      retryLimit: 3,
      retryIntervalMs: 1,
      isJoining,
    },
    {
      log: SILENT_LOGGING.root,
      greet: ({ address }) => Promise.resolve(greeting(address, nodes[address])),
      setFounding,
      pause: () => {
        pauses++;
        onPause?.(pauses, nodes);
        return pauses > 20 ? Promise.reject(new Error("it waits for ever")) : Promise.resolve();
      },
    },
  );
}

function greeting(name: string, node: FakeNode | undefined): PeerGreeting | undefined {
  if (node === undefined || node.isUp === false) return undefined;
  return {
    name,
    address: name,
    clusterId: node.clusterId,
    nodeId: node.clusterId === undefined ? undefined : 1,
    version: "0",
    state: node.isServing === true ? "running" : "starting",
    isFounding: node.isFounding === true,
    members: [],
    running: [],
    asker: "unknown",
  };
}
