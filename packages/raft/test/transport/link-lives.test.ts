import { describe, expect, it } from "vitest";
import { FRAME_HEADER_SIZE, Lane, sealFrame } from "../../src/codec/frame.ts";
import {
  encodeHandshake,
  type Handshake,
  HandshakeKind,
  HandshakeReader,
  Refusal,
} from "../../src/codec/handshake.ts";
import { messageSize, writeMessage } from "../../src/codec/message-codec.ts";
import type { Connection } from "../../src/env/net.ts";
import { addressOf, LinkCluster, messageOf, type TestNode } from "./link-cluster.ts";

/** Speaks the protocol by hand to node 1, as node 2 or whoever the handshake says. */
class Stranger {
  readonly handshakes: Handshake[] = [];
  closed: string | undefined;
  readonly connection: Connection;
  readonly #cluster: LinkCluster;
  readonly #reader = new HandshakeReader();

  constructor(cluster: LinkCluster, first: Uint8Array) {
    this.#cluster = cluster;
    const process = cluster.start(99, { listens: false }).process;
    this.connection = cluster.net.attach(process, 99).connect(addressOf(1), {
      onOpen: (): void => {
        this.connection.write(first);
      },
      onData: (chunk): void => {
        if (this.handshakes.length > 0) return;
        const { handshake } = this.#reader.push(chunk);
        if (handshake !== undefined) this.handshakes.push(handshake);
      },
      onDrain: (): void => {},
      onClose: (reason): void => {
        this.closed = reason;
      },
    });
    cluster.run(20);
  }

  /** A frame with one message, or none. */
  frame(source: number, destination: number, context?: number, lane: Lane = Lane.Control): void {
    const message = messageOf(2, 1, { context: context ?? 0 });
    const size = context === undefined ? 0 : messageSize(message);
    const bytes = Buffer.alloc(FRAME_HEADER_SIZE + size);
    if (size > 0) writeMessage(bytes, FRAME_HEADER_SIZE, size, message);
    const parts = size > 0 ? 1 : 0;
    sealFrame(bytes, 0, bytes.length, { lane, source, destination, parts });
    this.connection.write(bytes);
    this.#cluster.run(20);
  }
}

const HELLO: Handshake = {
  kind: HandshakeKind.Hello,
  versionMin: 1,
  versionMax: 1,
  lane: Lane.Control,
  node: 2,
  nodeMeant: 1,
  incarnation: 5,
  boot: 1234,
  wallMs: 0,
  features: 0,
  refusal: 0,
  clusterId: "test",
};

function hello(cluster: LinkCluster, over: Partial<Handshake> = {}): Stranger {
  return new Stranger(cluster, encodeHandshake({ ...HELLO, ...over }));
}

function connected(cluster: LinkCluster): { readonly node: TestNode; readonly peer: Stranger } {
  const node = cluster.start(1);
  cluster.run(10);
  const peer = hello(cluster);
  peer.frame(5, 1);
  expect(node.takeEvents()).toEqual(["up 2@5"]);
  return { node, peer };
}

describe("handshake between nodes", () => {
  const refusals: readonly [string, Partial<Handshake>, number, RegExp][] = [
    ["another cluster", { clusterId: "other" }, Refusal.Cluster, /"other".*another cluster/],
    ["a version too new", { versionMin: 2, versionMax: 9 }, Refusal.Version, /protocol version/],
    ["a version too old", { versionMin: 0, versionMax: 0 }, Refusal.Version, /protocol version/],
    ["another node meant", { nodeMeant: 3 }, Refusal.WrongNode, /another node/],
    ["our own node id", { node: 1 }, Refusal.Duplicate, /same node/],
  ];
  for (const [what, over, refusal, reason] of refusals) {
    it(`refuses ${what}, and tells both sides why`, () => {
      const cluster = new LinkCluster(1);
      const node = cluster.start(1);
      cluster.run(10);
      const peer = hello(cluster, over);
      expect(peer.handshakes.map((answer) => [answer.kind, answer.refusal])).toEqual([
        [HandshakeKind.Refusal, refusal],
      ]);
      expect(node.refusals).toEqual([expect.stringMatching(reason)]);
      cluster.run(2000);
      expect(peer.closed).toBeDefined();
      expect(node.events).toEqual([]);
      expect(node.transport.peers).toEqual([]);
    });
  }

  it("refuses what is not this protocol at once", () => {
    const cluster = new LinkCluster(1);
    const node = cluster.start(1);
    cluster.run(10);
    const peer = new Stranger(cluster, Buffer.from("AMQP\0\0\x09\x01"));
    expect(peer.closed).toBeDefined();
    expect(node.refusals).toEqual([expect.stringMatching(/not a node/)]);
  });

  it("refuses other lanes before there is a control connection", () => {
    const cluster = new LinkCluster(1);
    const node = cluster.start(1);
    cluster.run(10);
    const peer = hello(cluster, { lane: Lane.Append });
    expect(peer.handshakes[0]?.refusal).toBe(Refusal.NoControl);
    expect(node.refusals).toEqual([]);
  });

  it("waits for the connection that the lower node is making, but not for ever", () => {
    const cluster = new LinkCluster(1);
    const silent = cluster.start(2, { listens: false }).process;
    cluster.net.attach(silent, 2).listen(
      addressOf(2),
      () => ({ onOpen() {}, onData() {}, onDrain() {}, onClose() {} }),
      () => {},
    );
    const node = cluster.start(1);
    cluster.run(10);
    node.transport.addPeer(2);
    cluster.run(100);
    expect(hello(cluster).handshakes[0]?.refusal).toBe(Refusal.Crossed);
    expect(node.refusals).toEqual([]);
    // The node's own attempt has failed and the next is not due.
    cluster.run(1390);
    const peer = hello(cluster);
    expect(peer.handshakes[0]?.kind).toBe(HandshakeKind.Welcome);
    peer.frame(5, 1);
    expect(node.events).toEqual(["up 2@5"]);
  });

  it("tells that messages may be lost when another append connection takes over", () => {
    const cluster = new LinkCluster(1);
    const { node } = connected(cluster);
    const first = hello(cluster, { lane: Lane.Append });
    first.frame(5, 1, undefined, Lane.Append);
    expect(node.takeEvents()).toEqual([]);
    const second = hello(cluster, { lane: Lane.Append });
    expect(first.closed).toBeUndefined();
    second.frame(5, 1, undefined, Lane.Append);
    expect(first.closed).toBeDefined();
    expect(node.takeEvents()).toEqual(["dropped 2"]);
  });

  it("counts a connection only when its connector has answered the welcome", () => {
    const cluster = new LinkCluster(1);
    const node = cluster.start(1);
    cluster.run(10);
    const peer = hello(cluster);
    expect(peer.handshakes[0]?.kind).toBe(HandshakeKind.Welcome);
    cluster.run(500);
    expect(node.events).toEqual([]);
    peer.frame(5, 1);
    expect(node.events).toEqual(["up 2@5"]);
  });

  it("is refused between two clusters on both sides, told once by who connects, tried again seldom", () => {
    const cluster = new LinkCluster(1);
    const a = cluster.start(1);
    const b = cluster.start(2, { clusterId: "other" });
    a.transport.addPeer(2);
    cluster.run(60_000);
    expect(a.refusals).toEqual([expect.stringMatching(/another cluster/)]);
    expect(b.refusals.length).toBeGreaterThan(5);
    expect(b.refusals.length).toBeLessThan(40);
    expect([...a.events, ...b.events]).toEqual([]);
    expect(b.transport.peers).toEqual([]);
  });

  it("tells a node that connects elsewhere than it thinks", () => {
    const cluster = new LinkCluster(1);
    const a = cluster.start(1, { peerAddress: () => addressOf(3) });
    cluster.start(3);
    a.transport.addPeer(2);
    cluster.run(20_000);
    expect(a.refusals).toEqual([expect.stringMatching(/address belongs to another node/)]);
    expect(a.events).toEqual([]);
  });
});

describe("lives of a node", () => {
  it("drops and counts frames from or for another life", () => {
    const cluster = new LinkCluster(1);
    const { node, peer } = connected(cluster);
    peer.frame(5, 1, 1);
    peer.frame(4, 1, 2);
    peer.frame(6, 1, 3);
    peer.frame(5, 2, 4);
    peer.frame(5, 0, 5);
    peer.frame(5, 1, 6);
    expect(node.messages.map(({ message }) => message.context)).toEqual([1, 6]);
    expect(node.statistics(2).staleFrames).toBe(4);
  });

  it("does not take a first frame of another life than the handshake's", () => {
    const cluster = new LinkCluster(1);
    const node = cluster.start(1);
    cluster.run(10);
    const peer = hello(cluster);
    peer.frame(6, 1);
    expect(peer.closed).toBeDefined();
    expect(node.events).toEqual([]);
  });

  it("announces a peer that restarted quickly, before anything it says", () => {
    const cluster = new LinkCluster(1);
    const { node, peer } = connected(cluster);
    const reborn = hello(cluster, { incarnation: 6, boot: 77 });
    let eventsAtMessage: string[] = [];
    node.onMessageHook = (): void => {
      eventsAtMessage = [...node.events];
    };
    reborn.frame(6, 1, 1);
    expect(eventsAtMessage).toEqual(["up 2@6"]);
    cluster.run(10);
    expect(node.events).toEqual(["up 2@6", "dropped 2"]);
    expect(peer.closed).toBeDefined();
  });

  it("closes the older of two lives, and refuses it from then on", () => {
    const cluster = new LinkCluster(1);
    const { node, peer } = connected(cluster);
    const newer = hello(cluster, { incarnation: 6 });
    newer.frame(6, 1);
    expect(peer.closed).toBeDefined();
    const older = hello(cluster);
    expect(older.handshakes[0]?.refusal).toBe(Refusal.StaleLife);
    expect(node.refusals).toEqual([expect.stringMatching(/newer life/)]);
    expect(node.transport.isAlive(2)).toBe(true);
    newer.frame(6, 1, 1);
    expect(node.messages).toHaveLength(1);
  });

  it("remembers lives even when the link was removed", () => {
    const cluster = new LinkCluster(1);
    const { node } = connected(cluster);
    node.transport.removePeer(2);
    const older = hello(cluster, { incarnation: 4 });
    expect(older.handshakes[0]?.refusal).toBe(Refusal.StaleLife);
    expect(node.transport.peers).toEqual([]);
  });

  it("refuses a copy of a node: the same life claimed by another process", () => {
    const cluster = new LinkCluster(1);
    const { node, peer } = connected(cluster);
    const copy = hello(cluster, { boot: 4321 });
    expect(copy.handshakes[0]?.refusal).toBe(Refusal.Duplicate);
    expect(node.refusals).toEqual([expect.stringMatching(/another process/)]);
    expect(peer.closed).toBeUndefined();
  });

  it("takes a further connection of the same life instead of the old one, without announcing it", () => {
    const cluster = new LinkCluster(1);
    const { node, peer } = connected(cluster);
    const again = hello(cluster);
    again.frame(5, 1, 1);
    expect(peer.closed).toBeDefined();
    expect(node.events).toEqual(["dropped 2"]);
    expect(node.messages).toHaveLength(1);
  });

  it("tells an older life that it is one", () => {
    const cluster = new LinkCluster(1);
    const { a, b } = cluster.pair({ incarnation: 3 });
    cluster.kill(b);
    const newer = cluster.start(2, { incarnation: 4 });
    newer.transport.addPeer(1);
    cluster.run(3000);
    expect(a.events).toContain("up 2@4");
    const older = cluster.start(2, { incarnation: 3, address: "node-2:7777" });
    older.transport.addPeer(1);
    cluster.run(3000);
    expect(older.refusals).toEqual([expect.stringMatching(/newer life/)]);
    expect(older.events).toEqual([]);
    expect(newer.transport.isAlive(1)).toBe(true);
  });

  it("closes a connection over which nonsense comes, and connects again", () => {
    const cluster = new LinkCluster(1);
    const { node, peer } = connected(cluster);
    peer.connection.write(Buffer.alloc(100, 0xff));
    cluster.run(20);
    expect(peer.closed).toBeDefined();
    expect(node.statistics(2).protocolErrors).toBe(1);
    expect(node.refusals).toEqual([expect.stringMatching(/closed/)]);
    hello(cluster).frame(5, 1, 1);
    expect(node.messages).toHaveLength(1);
  });
});
