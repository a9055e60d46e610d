import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { MessageSink } from "../../../src/broker/message-sink.ts";
import type { NodeLinks } from "../../../src/cluster/link/node-links.ts";
import { RepliesOverLinks } from "../../../src/cluster/link/replies-over-links.ts";
import { Message, messageRouting } from "../../../src/queue/message.ts";
import { SlabStore } from "../../../src/queue/slab-store.ts";
import { LinkedNodes } from "./linked-nodes.ts";

interface ReplyNode {
  readonly links: NodeLinks;
  readonly clients: Map<string, MessageSink>;
  readonly replies: RepliesOverLinks;
}

let nodes: LinkedNodes;
let one: ReplyNode;
let two: ReplyNode;

beforeEach(async () => {
  nodes = new LinkedNodes();
  one = add(1);
  two = add(2);
  nodes.connect();
  await vi.waitFor(() => {
    expect(one.links.peer(2)).toBeDefined();
    expect(two.links.peer(1)).toBeDefined();
  });
});
afterEach(() => nodes.close());

test("a reply arrives whole, and in order with others", async () => {
  const got: string[] = [];
  two.clients.set("address", {
    publish: (_now, message) => {
      got.push(textOf(message));
      return true;
    },
  });
  const sink = one.replies.sinkOf(2, "address");
  expect(sink?.publish(0, makeMessage("first"))).toBe(true);
  expect(sink?.publish(0, makeMessage("second"))).toBe(true);
  await vi.waitFor(() => expect(got).toEqual(["amq.topic a.b first", "amq.topic a.b second"]));
});

test("a reply to a client that is gone is dropped", async () => {
  expect(one.replies.sinkOf(2, "gone")?.publish(0, makeMessage("late"))).toBe(true);
  expect(await isWaiting(one, 2, "gone")).toBe(false);
  expect(one.links.peer(2)?.isOpen).toBe(true);
});

test("tells whether a client of another node waits", async () => {
  two.clients.set("address", { publish: () => true });
  expect(await isWaiting(one, 2, "address")).toBe(true);
  expect(await isWaiting(one, 2, "other")).toBe(false);
});

test("a node that cannot be reached has no clients", async () => {
  expect(one.replies.sinkOf(3, "address")).toBeUndefined();
  expect(await isWaiting(one, 3, "address")).toBe(false);
  two.clients.set("address", { publish: () => true });
  const asked = isWaiting(one, 2, "address");
  nodes.cut(1, 2);
  expect(await asked).toBe(false);
});

function add(nodeId: number): ReplyNode {
  const links = nodes.add(nodeId);
  const clients = new Map<string, MessageSink>();
  const find = (address: string): MessageSink | undefined => clients.get(address);
  return { links, clients, replies: new RepliesOverLinks(links, { find }) };
}

function isWaiting({ replies }: ReplyNode, nodeId: number, address: string): Promise<boolean> {
  return new Promise((resolve) => replies.ask(nodeId, address, resolve));
}

function makeMessage(body: string): Message {
  const message = new Message(new SlabStore(), messageRouting("amq.topic", "a.b"));
  message.bytes = Buffer.from([0, 0]);
  message.propertiesStart = 0;
  message.propertiesEnd = 2;
  message.bodySource = Buffer.from(body);
  message.bodyStart = 0;
  message.bodySize = body.length;
  return message;
}

function textOf({ routing, bodySource, bodyStart, bodySize }: Message): string {
  const body = bodySource.toString("latin1", bodyStart, bodyStart + bodySize);
  return `${routing.exchange} ${routing.routingKey} ${body}`;
}
