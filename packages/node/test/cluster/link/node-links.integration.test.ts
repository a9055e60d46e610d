import { once } from "node:events";
import { connect } from "node:net";
import type { NetListener } from "@leveret/raft";
import { afterEach, describe, expect, test, vi } from "vitest";
import { LINK_HEADER_SIZE, writeLinkHeader } from "../../../src/cluster/link/link-frames.ts";
import { encodeGreeting, type LinkGreeting } from "../../../src/cluster/link/link-greeting.ts";
import type { LinkPeer } from "../../../src/cluster/link/link-peer.ts";
import { NodeLinks } from "../../../src/cluster/link/node-links.ts";
import { SILENT_LOGGING } from "../../../src/logger.ts";
import { RealNet } from "../../../src/runtime/real-net.ts";
import { RealRaftClock } from "../../../src/runtime/real-raft-clock.ts";

const KIND = 9;

interface TestNode {
  readonly links: NodeLinks;
  readonly listener: NetListener;
}

describe("NodeLinks", () => {
  const nodes: TestNode[] = [];
  const addresses = new Map<number, string>();
  /** What all nodes have warned of. */
  const warnings: string[] = [];

  afterEach(async () => {
    for (const { links } of nodes) links.close();
    await Promise.all(
      nodes.map(({ listener }) => new Promise<void>((done) => listener.close(done))),
    );
    nodes.length = 0;
    addresses.clear();
    warnings.length = 0;
  });

  test("carries requests on the dialled link and answers on the same", async () => {
    const [one, two] = [await start(1), await start(2)];
    const answers: string[] = [];
    one.links.onFrame(KIND, (peer, payload) => {
      answers.push(`${peer.nodeId} ${peer.incarnation} ${peer.isDialled} ${payload.toString()}`);
    });
    two.links.onFrame(KIND, (peer, payload) => {
      peer.send(KIND, Buffer.from(`from ${peer.nodeId}: ${payload.toString()}`));
    });
    one.links.setPeers([1, 2]);
    await vi.waitFor(() => expect(one.links.send(2, KIND, Buffer.from("a"))).toBe(true));
    one.links.send(2, KIND, Buffer.from("b"));
    await vi.waitFor(() => {
      expect(answers).toEqual(["2 20 true from 1: a", "2 20 true from 1: b"]);
    });
  });

  test("dials again when the other node comes back, and tells both", async () => {
    const one = await start(1);
    const told: string[] = [];
    one.links.onUp((peer) => told.push(`up ${peer.nodeId}`));
    one.links.onDown((nodeId) => told.push(`down ${nodeId}`));
    one.links.setPeers([2]);
    expect(one.links.send(2, KIND, Buffer.from("nobody is there"))).toBe(false);
    const two = await start(2);
    await vi.waitFor(() => expect(told).toEqual(["up 2"]));
    two.links.close();
    await vi.waitFor(() => expect(told).toEqual(["up 2", "down 2"]));
    expect(one.links.peer(2)).toBeUndefined();
  });

  test("dials at once when the other node has dialled", async () => {
    const one = await start(1);
    one.links.setPeers([2]);
    const two = await start(2);
    two.links.setPeers([1]);
    await vi.waitFor(() => expect(one.links.peer(2)?.isOpen).toBe(true));
  });

  test("has no link to a node of another cluster, nor to one with another number", async () => {
    const [one] = [await start(1), await start(2, "other"), await start(3)];
    addresses.set(4, addresses.get(3) ?? "");
    const told: number[] = [];
    one.links.onUp((peer) => told.push(peer.nodeId));
    one.links.setPeers([2, 4, 3]);
    await vi.waitFor(() => expect(told).toEqual([3]));
    expect([2, 4].map((nodeId) => one.links.peer(nodeId))).toEqual([undefined, undefined]);
  });

  test("says when it is congested, and when there is room again", async () => {
    const [one, two] = [await start(1), await start(2)];
    let received = 0;
    let sender: LinkPeer | undefined;
    two.links.onFrame(KIND, (peer, payload) => {
      sender = peer;
      if (received === 0) peer.pause();
      received += payload.length;
    });
    one.links.setPeers([2]);
    await vi.waitFor(() => expect(one.links.peer(2)).toBeDefined());
    const peer = one.links.peer(2);
    if (peer === undefined) throw new Error("not linked");
    let sent = 0;
    const payload = Buffer.alloc(100_000);
    let isDrained = false;
    peer.onDrain(() => {
      isDrained = true;
    });
    for (;;) {
      sent += payload.length;
      if (!peer.send(KIND, payload)) break;
      await new Promise(setImmediate);
    }
    expect(peer.isCongested).toBe(true);
    expect(isDrained).toBe(false);
    sender?.resume();
    await vi.waitFor(() => expect([isDrained, received]).toEqual([true, sent]));
    expect(peer.isCongested).toBe(false);
  });

  test("keeps frames, in order, until who handles them is there", async () => {
    const [one, two] = [await start(1), await start(2)];
    one.links.setPeers([2]);
    await vi.waitFor(() => expect(one.links.send(2, KIND, Buffer.from("a"))).toBe(true));
    one.links.send(2, KIND, Buffer.from("b"));
    one.links.onFrame(KIND + 1, () => two.links.onFrame(KIND, taken));
    const received: string[] = [];
    const taken = (_peer: LinkPeer, payload: Buffer): void => {
      received.push(payload.toString());
    };
    two.links.onFrame(KIND + 1, (peer) => peer.send(KIND + 1, Buffer.alloc(0)));
    one.links.send(2, KIND + 1, Buffer.alloc(0));
    await vi.waitFor(() => expect(received).toEqual(["a", "b"]));
  });

  test("a frame of a kind that no node has closes the link", async () => {
    const one = await start(1);
    await start(2);
    const reasons: string[] = [];
    one.links.onDown((nodeId) => reasons.push(`down ${nodeId}`));
    one.links.setPeers([2]);
    await vi.waitFor(() => expect(one.links.send(2, 200, Buffer.alloc(1))).toBe(true));
    await vi.waitFor(() => expect(reasons[0]).toBe("down 2"));
    const text = "a link with node 1 is closed: frames of kind 200 are unknown here";
    await vi.waitFor(() => expect(warnings).toEqual([text]));
  });

  test("says once that another node speaks another version, or belongs to another cluster", async () => {
    const [one] = [await start(1), await start(2, "other")];
    const hello = Buffer.from(encodeGreeting("hello", greetingOf(7)));
    hello[1] = 2;
    for (let round = 0; round < 2; round++) await closedAfter(one, frameOf(0, hello));
    one.links.setPeers([2]);
    await vi.waitFor(() => expect(warnings).toHaveLength(2));
    expect(warnings).toEqual([
      "a link with another node is closed: it speaks version 2 of links, this node 1",
      "a link with another node is closed: the other node belongs to another cluster",
    ]);
  });

  function greetingOf(nodeId: number): LinkGreeting {
    return { nodeId, to: 1, incarnation: 1, clusterId: "cluster" };
  }

  function frameOf(kind: number, payload: Buffer): Buffer {
    const frame = Buffer.alloc(LINK_HEADER_SIZE + payload.length);
    writeLinkHeader(frame, 0, kind, payload.length);
    payload.copy(frame, LINK_HEADER_SIZE);
    return frame;
  }

  /** What is sent has the node close the connection. */
  async function closedAfter({ listener }: TestNode, bytes: Buffer): Promise<void> {
    const [host, port] = listener.address.split(":");
    const socket = connect(Number(port), host);
    socket.on("error", () => undefined);
    socket.write(bytes);
    await once(socket.resume(), "close");
  }

  async function start(nodeId: number, clusterId = "cluster"): Promise<TestNode> {
    const net = new RealNet();
    const links = new NodeLinks(
      { nodeId, clusterId, incarnation: nodeId * 10 },
      {
        dial: (to, handler) => {
          const address = addresses.get(to);
          return address === undefined ? undefined : net.connect(address, handler);
        },
        timers: new RealRaftClock(),
        log: {
          ...SILENT_LOGGING.root,
          warn: (_fields: object | string, message?: unknown) => warnings.push(String(message)),
        },
        random: () => 0.5,
      },
    );
    const listener = await new Promise<NetListener>((resolve, reject) => {
      net.listen(
        "127.0.0.1:0",
        (connection) => links.accept(connection),
        (error, opened) => (opened === undefined ? reject(error) : resolve(opened)),
      );
    });
    addresses.set(nodeId, listener.address);
    const node = { links, listener };
    nodes.push(node);
    return node;
  }
});
