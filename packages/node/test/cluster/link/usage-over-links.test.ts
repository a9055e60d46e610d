import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UsageOverLinks } from "../../../src/cluster/link/usage-over-links.ts";
import { RealRaftClock } from "../../../src/runtime/real-raft-clock.ts";
import { LinkedNodes } from "./linked-nodes.ts";

const NAME = "user guest";
const NONE = { connections: 0, channels: 0 };

let nodes: LinkedNodes;
let usages: UsageOverLinks[];

beforeEach(() => {
  nodes = new LinkedNodes();
  usages = [1, 2, 3].map((id) => new UsageOverLinks(nodes.add(id), new RealRaftClock()));
});
afterEach(() => nodes.close());

function at(index: number): UsageOverLinks {
  return usages[index] ?? expect.fail(`no node ${index}`);
}

test("sums what the other nodes have", async () => {
  at(0).note(NAME, { connections: 1, channels: 5 });
  nodes.connect();
  await vi.waitFor(() => expect(at(1).elsewhere(NAME).connections).toBe(1));
  at(2).note(NAME, { connections: 2, channels: 3 });
  at(2).note("vhost /", { connections: 2, channels: 0 });
  await vi.waitFor(() => expect(at(1).elsewhere(NAME)).toEqual({ connections: 3, channels: 8 }));
  expect(at(2).elsewhere("vhost /")).toEqual(NONE);
  at(0).note(NAME, NONE);
  await vi.waitFor(() => expect(at(1).elsewhere(NAME)).toEqual({ connections: 2, channels: 3 }));
});

test("forgets what a node had that cannot be heard, and hears it again", async () => {
  nodes.connect();
  at(0).note(NAME, { connections: 1, channels: 1 });
  await vi.waitFor(() => expect(at(1).elsewhere(NAME).connections).toBe(1));
  nodes.cut(1, 2);
  await vi.waitFor(() => expect(at(1).elsewhere(NAME)).toEqual(NONE));
  expect(at(2).elsewhere(NAME).connections).toBe(1);
  nodes.mend(1, 2);
  await vi.waitFor(() => expect(at(1).elsewhere(NAME).connections).toBe(1));
});
