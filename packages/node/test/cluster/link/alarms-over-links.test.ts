import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Alarms } from "../../../src/alarm/alarms.ts";
import { AlarmsOverLinks } from "../../../src/cluster/link/alarms-over-links.ts";
import type { NodeLinks } from "../../../src/cluster/link/node-links.ts";
import { SILENT_LOGGING } from "../../../src/logger.ts";
import { LinkedNodes } from "./linked-nodes.ts";

interface AlarmNode {
  readonly alarms: Alarms;
  readonly links: NodeLinks;
  readonly shared: AlarmsOverLinks;
}

let nodes: LinkedNodes;
let one: AlarmNode;
let two: AlarmNode;

beforeEach(() => {
  nodes = new LinkedNodes();
  one = add(1);
  two = add(2);
});
afterEach(() => nodes.close());

test("an alarm of one node is one of all, as long as it lasts", async () => {
  nodes.connect();
  await vi.waitFor(() => expect(one.links.peer(2)).toBeDefined());
  one.alarms.raise("memory", "node-1");
  one.alarms.raise("disk", "node-1");
  await vi.waitFor(() => expect(two.alarms.reason).toBe("low on memory & disk"));
  one.alarms.clear("memory", "node-1");
  await vi.waitFor(() => expect(two.alarms.active).toEqual([{ source: "disk", node: "node-1" }]));
  one.alarms.clear("disk", "node-1");
  await vi.waitFor(() => expect(two.alarms.isActive).toBe(false));
});

test("a node that comes is told what was raised before", async () => {
  one.alarms.raise("memory", "node-1");
  nodes.connect();
  await vi.waitFor(() => expect(two.alarms.reason).toBe("low on memory"));
});

test("what others have raised is not told as one's own", async () => {
  const three = add(3);
  one.alarms.raise("memory", "node-1");
  nodes.connect();
  await vi.waitFor(() => {
    expect([two, three].map(({ alarms }) => alarms.active.length)).toEqual([1, 1]);
  });
  two.alarms.raise("memory", "node-2");
  await vi.waitFor(() => expect(three.alarms.active.length).toBe(2));
  one.alarms.clear("memory", "node-1");
  await vi.waitFor(() => {
    expect(three.alarms.active).toEqual([{ source: "memory", node: "node-2" }]);
  });
});

test("a node that cannot be heard has raised nothing, and tells all when it can", async () => {
  nodes.connect();
  one.alarms.raise("disk", "node-1");
  await vi.waitFor(() => expect(two.alarms.isActive).toBe(true));
  nodes.cut(1, 2);
  await vi.waitFor(() => expect(two.alarms.isActive).toBe(false));
  nodes.mend(1, 2);
  await vi.waitFor(() => expect(two.alarms.isActive).toBe(true));
});

function add(nodeId: number): AlarmNode {
  const links = nodes.add(nodeId);
  const alarms = new Alarms(SILENT_LOGGING.root);
  return { alarms, links, shared: new AlarmsOverLinks(links, alarms, `node-${nodeId}`) };
}
