import { expect, test } from "vitest";
import type { Caller } from "../src/caller.ts";
import { takeSample } from "../src/commands/top-sample.ts";
import { topText } from "../src/commands/top-text.ts";
import { FakeCaller } from "./fake-caller.ts";
import { runTool } from "./run-tool.ts";

const NODE = "rabbit@localhost";
const STATUS = {
  node: NODE,
  uptime: 10,
  memory: { other_proc: 100_000_000, total: { rss: 100_000_000 } },
  vm_memory_high_watermark_limit: 1_000_000_000,
  disk_free: 5_000_000_000,
};
const CLUSTER = {
  clusterName: "shop",
  diskNodes: [NODE, "rabbit@b"],
  runningNodes: [NODE],
  versions: {},
  alarms: [{ node: NODE, resource: "memory" }],
  listeners: [],
  partitions: {},
  maintenance: {},
};

function node(ready: number, published: number): Caller {
  return new FakeCaller({
    status: STATUS,
    cluster_status: CLUSTER,
    list_vhosts: [["/"]],
    list_queues: [
      ["small", "classic", NODE, 1, 0, 1, 10],
      ["large", "quorum", NODE, ready, 2, 0, 999],
    ],
    // Of two nodes.
    queue_traffic: [
      ["/", "large", published, 0],
      ["/", "large", 5, 3],
    ],
    list_connections: [["<p>", "a -> b", null, "guest", "/", "running", 1, 0, published]],
  });
}

test("rates are differences between two looks, where there is something to compare", async () => {
  const before = { ...(await takeSample(node(100, 1000))), atMs: Date.now() - 10_000 };
  const sample = await takeSample(node(150, 2000), before);
  const [small, large] = sample.queues;
  expect(small).toMatchObject({ growth: 0, publishRate: 0 });
  expect(large?.growth).toBeCloseTo(5, 0);
  expect(large?.publishRate).toBeCloseTo(100, -1);
  expect(sample.connections[0]?.sendRate).toBeCloseTo(100, -1);
});

test("a screen has the cluster, what is sorted first, and no more rows and columns than fit", async () => {
  const sample = await takeSample(node(100, 1000));
  const shown = { view: "queues", sort: "r" } as const;
  const lines = topText(sample, shown, { rows: 24, columns: 100 }).split("\n");
  expect(lines[0]).toMatch(/^shop, 1 of 2 nodes run, seen from rabbit@localhost at /);
  expect(lines[2]).toBe("2 queues, 101 ready, 2 unacknowledged; 1 connections");
  expect(lines[3]).toBe("alarms: memory on rabbit@localhost");
  expect(lines[6]).toMatch(/^large +quorum +rabbit@localhost +100 +2 +0\.0 +- +-/);
  expect(lines[7]).toMatch(/^small /);
  const byName = topText(sample, { ...shown, sort: "n" }, { rows: 8, columns: 20 }).split("\n");
  expect(byName[6]).toMatch(/^large/);
  expect(byName[7]).toBe("... and 1 more");
  expect(Math.max(...byName.map((line) => line.length))).toBe(20);
});

test("--once ends after one screen; unknown views and keys are refused", async () => {
  const connect = async () => node(100, 1000) as FakeCaller;
  const { code, out } = await runTool(["top", "nodes", "--once", "--interval", "1"], { connect });
  expect(code).toBe(0);
  expect(out).toMatch(
    /NODE +STATE +VERSION +ALARMS\nrabbit@b +down\nrabbit@localhost +running +memory\n/,
  );
  expect(await runTool(["top", "exchanges"])).toMatchObject({ code: 64 });
  expect(await runTool(["top", "--sort", "colour"])).toMatchObject({ code: 64 });
});
