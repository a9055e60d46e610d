import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  NODE_GONE_MS,
  NODE_GONE_POLL_MS,
  SYNC_TIMEOUT_MS,
} from "../../../src/cluster/link/link-limits.ts";
import type { NodeLinks } from "../../../src/cluster/link/node-links.ts";
import { QueueFrame } from "../../../src/cluster/queue/queue-frames.ts";
import { QueueHub, type SyncOutcome } from "../../../src/cluster/queue/queue-hub.ts";
import { VirtualTimers } from "../../metadata/virtual-timers.ts";
import { LinkedNodes } from "../link/linked-nodes.ts";

const QUEUE_ID = 7;

describe("a node that leads a queue from now on, and two others", () => {
  let nodes: LinkedNodes;
  let links: NodeLinks;
  let timers: VirtualTimers;
  let hub: QueueHub;
  let announced: number[];
  const silent = new Set<number>();

  beforeEach(async () => {
    nodes = new LinkedNodes();
    timers = new VirtualTimers();
    announced = [];
    links = nodes.add(1);
    for (const nodeId of [2, 3]) listen(nodes.add(nodeId), nodeId);
    hub = new QueueHub({
      nodeId: 1,
      incarnation: 10,
      links,
      timers,
      isNodeAlive: (nodeId) => !silent.has(nodeId),
      isNodeSilent: (nodeId) => silent.has(nodeId),
      nodeName: (nodeId) => `node ${nodeId}`,
    });
    nodes.connect();
    await vi.waitFor(() => {
      expect([...links.peers()]).toHaveLength(2);
      expect(nodesThatDialled()).toBe(2);
    });
  });

  afterEach(() => {
    hub.close();
    nodes.close();
    silent.clear();
  });

  /** Links of the other nodes to this one, by which they answer. */
  const answering = new Map<number, NodeLinks>();

  /** It never answers by itself. */
  function listen(other: NodeLinks, nodeId: number): void {
    other.onFrame(QueueFrame.synced, () => undefined);
    other.onFrame(QueueFrame.leads, () => announced.push(nodeId));
    answering.set(nodeId, other);
  }

  function nodesThatDialled(): number {
    return [...answering.values()].filter((other) => other.peer(1) !== undefined).length;
  }

  /** As a node does that has named what its channels have. */
  function answer(nodeId: number): void {
    const payload = Buffer.alloc(6);
    payload.writeUIntLE(1, 0, 6);
    answering.get(nodeId)?.send(1, QueueFrame.synced, payload);
  }

  async function leads(): Promise<{ outcome: SyncOutcome | undefined }> {
    const told: { outcome: SyncOutcome | undefined } = { outcome: undefined };
    announced = [];
    hub.leads(QUEUE_ID, 1, (outcome) => {
      told.outcome = outcome;
    });
    timers.pass(0);
    await vi.waitFor(() => expect(announced.sort()).toEqual([2, 3]));
    return told;
  }

  test("waits until all have answered", async () => {
    const told = await leads();
    answer(2);
    timers.pass(NODE_GONE_POLL_MS);
    expect(told.outcome).toBeUndefined();
    answer(3);
    await vi.waitFor(() => expect(told.outcome).toBeDefined());
    expect(told.outcome).toEqual({ synced: new Set([2, 3]), missing: new Set() });
  });

  test("does not wait for one that raft does not hear any more, though its link is open", async () => {
    const told = await leads();
    answer(3);
    silent.add(2);
    timers.pass(NODE_GONE_POLL_MS);
    await vi.waitFor(() => expect(told.outcome).toBeDefined());
    expect(told.outcome).toEqual({ synced: new Set([3]), missing: new Set([2]) });
  });

  test("waits for nobody for ever", async () => {
    const told = await leads();
    timers.pass(SYNC_TIMEOUT_MS);
    expect(told.outcome).toEqual({ synced: new Set(), missing: new Set([2, 3]) });
  });

  test("misses one whose link was lost a moment ago, but not one that has been away for long", async () => {
    nodes.cut(1, 2);
    nodes.cut(1, 3);
    await vi.waitFor(() => expect([...links.peers()]).toHaveLength(0));
    const outcomes: SyncOutcome[] = [];
    hub.leads(QUEUE_ID, 1, (outcome) => outcomes.push(outcome));
    timers.pass(NODE_GONE_MS);
    hub.leads(QUEUE_ID, 2, (outcome) => outcomes.push(outcome));
    expect(outcomes.map(({ missing }) => [...missing].sort())).toEqual([[2, 3], []]);
  });
});
