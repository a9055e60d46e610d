import { describe, expect, it } from "vitest";
import { replicaIdOf } from "../../src/core/ids.ts";
import { MessageType } from "../../src/core/message.ts";
import { entryOf } from "../codec/message-maker.ts";
import { addressOf, LinkCluster, messageOf } from "./link-cluster.ts";

const KIB = 1024;

describe("LinkTransport: messages", () => {
  it("connects two nodes by three connections and carries messages both ways", () => {
    const cluster = new LinkCluster(1);
    const a = cluster.start(1);
    const b = cluster.start(2);
    a.transport.addPeer(2);
    b.transport.addPeer(1);
    cluster.run(1000);
    expect(a.takeEvents()).toEqual(["up 2@1"]);
    expect(b.takeEvents()).toEqual(["up 1@1"]);
    expect(a.transport.send(messageOf(1, 2, { context: 5 }))).toBe(true);
    expect(b.transport.send(messageOf(2, 1, { context: 6 }))).toBe(true);
    a.transport.flush();
    b.transport.flush();
    cluster.run(100);
    expect(b.messages).toEqual([{ from: 1, message: messageOf(1, 2, { context: 5 }) }]);
    expect(a.messages).toEqual([{ from: 2, message: messageOf(2, 1, { context: 6 }) }]);
    expect(cluster.net.openEnds).toBe(6);
    expect(a.transport.isAlive(2)).toBe(true);
  });

  it("sends the messages of a turn as one frame, and nothing before the flush", () => {
    const cluster = new LinkCluster(2);
    const { a, b } = cluster.pair();
    const before = a.statistics(2).control.framesSent;
    for (let context = 0; context < 300; context++) a.transport.send(messageOf(1, 2, { context }));
    expect(a.statistics(2).control.framesSent).toBe(before);
    a.transport.flush();
    expect(a.statistics(2).control.framesSent).toBe(before + 1);
    cluster.run(100);
    expect(b.messages.map(({ message }) => message.context)).toEqual(
      Array.from({ length: 300 }, (_, context) => context),
    );
  });

  it("cuts frames at frameMaxBytes, and makes a larger one for a single larger message", () => {
    const cluster = new LinkCluster(3, { frameMaxBytes: 4 * KIB });
    const { a, b } = cluster.pair();
    const before = a.statistics(2).append.framesSent;
    for (const size of [1000, 1000, 1000, 100_000, 10, 10]) {
      const entry = entryOf(9, 5, 3, Buffer.alloc(size, size % 7));
      const message = { type: MessageType.AppendEntries, index: 4, entries: [entry] };
      expect(a.transport.send(messageOf(1, 2, message))).toBe(true);
    }
    a.transport.flush();
    cluster.run(500);
    expect(a.statistics(2).append.framesSent - before).toBe(3);
    expect(b.messages.map(({ message }) => message.entries[0]?.data.length)).toEqual([
      1000, 1000, 1000, 100_000, 10, 10,
    ]);
  });

  it("carries notes on both their lanes, each with bytes of its own", () => {
    const cluster = new LinkCluster(4);
    const { a, b } = cluster.pair();
    expect(a.transport.sendNote(2, "control", 7, Buffer.from("digest"))).toBe(true);
    expect(a.transport.sendNote(2, "bulk", 8, Buffer.alloc(256 * KIB, 3))).toBe(true);
    a.transport.flush();
    cluster.run(500);
    const notes = b.notes.map(({ from, lane, kind, body }) => [from, lane, kind, body.length]);
    expect(notes).toContainEqual([1, "control", 7, 6]);
    expect(notes).toContainEqual([1, "bulk", 8, 256 * KIB]);
    const control = b.notes.find((note) => note.lane === "control");
    expect(Buffer.from(control?.body ?? []).toString()).toBe("digest");
    expect(control?.body.buffer.byteLength).toBe(6);
  });

  it("does not take messages for nodes without a link, or for itself", () => {
    const cluster = new LinkCluster(5);
    const { a } = cluster.pair();
    expect(a.transport.send(messageOf(1, 3))).toBe(false);
    expect(a.transport.send(messageOf(1, 1))).toBe(false);
    expect(a.transport.sendNote(3, "bulk", 1, Buffer.alloc(1))).toBe(false);
    a.transport.addPeer(1);
    expect(a.transport.peers).toEqual([2]);
  });

  it("drops a message with a damaged entry or a wrong sender, and keeps the rest of the frame", () => {
    const cluster = new LinkCluster(6);
    const { a, b } = cluster.pair();
    const entry = { ...entryOf(9, 5, 3, Buffer.from("rotten")), crc: 1 };
    a.transport.send(
      messageOf(1, 2, { type: MessageType.AppendEntries, index: 4, entries: [entry] }),
    );
    a.transport.send(messageOf(1, 2, { type: MessageType.AppendEntries, index: 4 }));
    a.transport.send(messageOf(1, 2, { from: replicaIdOf(5, 1) }));
    a.transport.send(messageOf(1, 2, { context: 1 }));
    a.transport.flush();
    cluster.run(100);
    expect(b.messages.map(({ message }) => [message.type, message.context])).toEqual(
      expect.arrayContaining([
        [MessageType.AppendEntries, 0],
        [MessageType.Heartbeat, 1],
      ]),
    );
    expect(b.messages).toHaveLength(2);
    expect(b.statistics(1).badMessages).toBe(2);
    expect(b.events).toEqual([]);
  });

  it("takes back what was reserved for a message that cannot be encoded", () => {
    const cluster = new LinkCluster(7);
    const { a, b } = cluster.pair();
    a.transport.send(messageOf(1, 2, { context: 1 }));
    expect(() => a.transport.send(messageOf(1, 2, { term: -1 }))).toThrow(RangeError);
    expect(() => a.transport.sendNote(2, "control", -1, Buffer.alloc(9))).toThrow(RangeError);
    a.transport.send(messageOf(1, 2, { context: 2 }));
    a.transport.flush();
    cluster.run(100);
    expect(b.messages.map(({ message }) => message.context)).toEqual([1, 2]);
  });

  it("stops calling and leaves no timers or connections once closed", () => {
    const cluster = new LinkCluster(8);
    const { a, b } = cluster.pair();
    let isClosed = false;
    a.transport.close(() => {
      isClosed = true;
    });
    expect(a.transport.send(messageOf(1, 2))).toBe(false);
    const turns = a.turns;
    cluster.run(10_000);
    expect(isClosed).toBe(true);
    expect(a.turns).toBe(turns);
    expect(a.events).toEqual([]);
    expect(a.process.timers).toBe(0);
    expect(cluster.net.openEndsOf(a.process)).toBe(0);
    expect(new Set(b.events)).toEqual(new Set(["dropped 1", "down 1"]));
    b.transport.close(() => {});
    cluster.run(10);
    expect(b.process.timers).toBe(0);
  });

  it("works with a node that does not listen, and says so when an address is taken", () => {
    const cluster = new LinkCluster(9);
    const a = cluster.start(1);
    const b = cluster.start(2, { listens: false });
    b.transport.addPeer(1);
    cluster.run(1000);
    expect(a.events).toEqual(["up 2@1"]);
    expect(b.transport.address).toBeUndefined();
    expect(a.transport.address).toBe(addressOf(1));
    expect(() => {
      cluster.start(3, { address: addressOf(1) });
      cluster.run(10);
    }).toThrow(/in use/);
  });
});

describe("LinkTransport: bounds", () => {
  const limits = {
    appendLaneBytes: 64 * KIB,
    controlLaneBytes: 8 * KIB,
    snapshotInflightBytes: 100 * KIB,
  };

  function appendOf(size: number): ReturnType<typeof messageOf> {
    const entries = [entryOf(9, 5, 3, Buffer.alloc(size))];
    return messageOf(1, 2, { type: MessageType.AppendEntries, index: 4, entries });
  }

  it("refuses what does not fit the append lane, tells the drop, and later that there is room", () => {
    const cluster = new LinkCluster(10, limits);
    const { a, b } = cluster.pair();
    b.transport.pauseAppends(true);
    let taken = 0;
    for (let round = 0; round < 200; round++) {
      if (a.transport.send(appendOf(4 * KIB))) taken++;
      a.transport.flush();
      cluster.run(1);
    }
    // The lane, and what the network itself holds.
    expect(taken).toBeLessThan(40);
    expect(a.transport.queuedBytes(2)).toBeLessThanOrEqual(64 * KIB);
    const statistics = a.statistics(2);
    expect(statistics.append.refused).toBe(200 - taken);
    expect(a.events.length).toBeGreaterThan(0);
    expect(new Set(a.takeEvents())).toEqual(new Set(["dropped 2"]));
    expect(b.messages.length).toBeLessThan(taken);

    b.transport.pauseAppends(false);
    cluster.run(500);
    expect(b.messages).toHaveLength(taken);
    expect(a.takeEvents()).toEqual(["drain 2 append"]);
    expect(a.transport.queuedBytes(2)).toBe(0);
  });

  it("takes a message larger than the lane when nothing waits, but none larger than a peer accepts", () => {
    const cluster = new LinkCluster(11, {
      ...limits,
      maxEntryBytes: 512 * KIB,
    });
    const { a, b } = cluster.pair();
    expect(a.transport.send(appendOf(512 * KIB))).toBe(true);
    expect(a.transport.send(appendOf(10))).toBe(false);
    a.transport.flush();
    cluster.run(1000);
    expect(b.messages).toHaveLength(1);
    expect(a.transport.send(appendOf(700 * KIB))).toBe(false);
    expect(a.statistics(2).append.oversized).toBe(1);
    expect(a.transport.send(appendOf(10))).toBe(true);
  });

  it("calls nobody inside send, even when it drops", () => {
    const cluster = new LinkCluster(12, limits);
    const { a } = cluster.pair();
    for (let round = 0; round < 100; round++) a.transport.send(appendOf(4 * KIB));
    expect(a.events).toEqual([]);
    const turns = a.turns;
    cluster.run(1);
    expect(a.takeEvents()).toContain("dropped 2");
    expect(a.turns).toBeGreaterThan(turns);
  });

  it("gives the bulk lane's sender a sign when to go on", () => {
    const cluster = new LinkCluster(13, limits);
    const { a, b } = cluster.pair();
    const total = 60;
    let sent = 0;
    const pump = (): void => {
      while (sent < total && a.transport.sendNote(2, "bulk", sent, Buffer.alloc(20 * KIB))) sent++;
      a.transport.flush();
      expect(a.transport.queuedBytes(2)).toBeLessThanOrEqual(101 * KIB);
    };
    pump();
    expect(sent).toBeLessThan(6);
    for (let step = 0; step < 2000 && b.notes.length < total; step++) {
      cluster.run(1);
      if (a.takeEvents().includes("drain 2 bulk")) pump();
    }
    expect(b.notes.map((note) => note.kind)).toEqual(
      Array.from({ length: total }, (_, kind) => kind),
    );
  });

  it("keeps control messages quick while bulk and append lanes are full (head of line)", () => {
    const cluster = new LinkCluster(14);
    const { a, b } = cluster.pair();
    cluster.faults.sendBufferBytes = 8 * KIB;
    b.transport.pauseAppends(true);
    while (a.transport.send(appendOf(100 * KIB))) a.transport.flush();
    while (a.transport.sendNote(2, "bulk", 1, Buffer.alloc(256 * KIB))) a.transport.flush();
    expect(a.transport.queuedBytes(2)).toBeGreaterThan(12 * 1024 * KIB);
    let slowestMs = 0;
    for (let round = 0; round < 50; round++) {
      let arrivedMs = 0;
      b.onMessageHook = (): void => {
        arrivedMs = cluster.scheduler.nowMs;
      };
      const startMs = cluster.scheduler.nowMs;
      a.transport.send(messageOf(1, 2, { context: round }));
      a.transport.flush();
      cluster.run(50);
      slowestMs = Math.max(slowestMs, arrivedMs - startMs);
    }
    expect(b.notes.length).toBeLessThan(32);
    expect(slowestMs).toBeGreaterThan(0);
    expect(slowestMs).toBeLessThan(20);
    expect(a.events).not.toContain("suspect 2");
    expect(b.events).toEqual([]);
  });

  it("refuses connections beyond the limit of pending handshakes, and closes silent ones", () => {
    const cluster = new LinkCluster(15, { pendingHandshakesMax: 4, handshakeMs: 500 });
    const a = cluster.start(1);
    const stranger = cluster.net.attach(cluster.start(7).process, 7);
    cluster.run(10);
    const closed: string[] = [];
    for (let count = 0; count < 6; count++) {
      stranger.connect(addressOf(1), {
        onOpen: (): void => {},
        onData: (): void => {},
        onDrain: (): void => {},
        onClose: (reason): void => {
          closed.push(reason);
        },
      });
    }
    cluster.run(100);
    expect(closed).toHaveLength(2);
    cluster.run(1000);
    expect(closed).toHaveLength(6);
    expect(cluster.net.openEndsOf(a.process)).toBe(0);
  });
});
