import { describe, expect, it } from "vitest";
import { MessageType } from "../../src/core/message.ts";
import { entryOf } from "../codec/message-maker.ts";
import { addressOf, LinkCluster, messageOf } from "./link-cluster.ts";

function isLiveness(event: string): boolean {
  return !event.startsWith("dropped");
}

describe("liveness", () => {
  it("is kept by heartbeats alone, of which there are as few as linkHeartbeatMs says", () => {
    const cluster = new LinkCluster(1);
    const { a, b } = cluster.pair();
    const before = a.statistics(2).control.framesSent;
    cluster.run(60_000);
    expect(a.events).toEqual([]);
    expect(b.events).toEqual([]);
    const frames = a.statistics(2).control.framesSent - before;
    expect(frames).toBeGreaterThan(290);
    expect(frames).toBeLessThanOrEqual(301);
    expect(a.statistics(2).roundTripMs).toBeGreaterThan(0);
    expect(a.statistics(2).roundTripMs).toBeLessThan(20);
    expect(a.process.timers).toBe(1);
  });

  it("needs no frames of its own while others are sent", () => {
    const cluster = new LinkCluster(1);
    const { a } = cluster.pair();
    const before = a.statistics(2).control.framesSent;
    for (let round = 0; round < 600; round++) {
      a.transport.send(messageOf(1, 2));
      a.transport.flush();
      cluster.run(50);
    }
    expect(a.statistics(2).control.framesSent - before).toBeLessThanOrEqual(602);
    expect(a.events).toEqual([]);
  });

  for (const [what, from, to] of [
    ["the direction to the peer", 1, 2],
    ["the direction from the peer", 2, 1],
  ] as const) {
    it(`is lost on both sides when ${what} is cut: suspect after 1.5 s, down after 3 s`, () => {
      const cluster = new LinkCluster(2);
      const { a, b } = cluster.pair();
      cluster.cut(from, to);
      // The last answered beat was sent a little before the cut.
      cluster.run(1000);
      expect([...a.takeEvents(), ...b.takeEvents()]).toEqual([]);
      cluster.run(900);
      expect(a.takeEvents()).toEqual(["suspect 2"]);
      expect(b.takeEvents()).toEqual(["suspect 1"]);
      expect(a.transport.isAlive(2)).toBe(false);
      cluster.run(1400);
      expect(a.takeEvents().filter(isLiveness)).toEqual(["down 2"]);
      expect(b.takeEvents().filter(isLiveness)).toEqual(["down 1"]);
      expect(a.transport.send(messageOf(1, 2))).toBe(false);
      cluster.net.healAll();
      cluster.run(12_000);
      expect(a.takeEvents()).toEqual(["up 2@1"]);
      expect(b.takeEvents()).toEqual(["up 1@1"]);
    });
  }

  it("counts when what a suspect peer was sent did get through", () => {
    const cluster = new LinkCluster(3, { downMs: 20_000 });
    const { a, b } = cluster.pair();
    cluster.cutBoth(1, 2);
    cluster.run(1800);
    expect(a.takeEvents()).toEqual(["suspect 2"]);
    expect(a.transport.send(messageOf(1, 2))).toBe(true);
    a.transport.flush();
    cluster.net.healAll();
    cluster.run(5000);
    expect(a.takeEvents()).toEqual(["up 2@1"]);
    expect(b.takeEvents()).toEqual(["suspect 1", "up 1@1"]);
    expect(b.messages).toHaveLength(1);
  });

  it("ends at once when the process ended and nobody listens any more, on either side", () => {
    for (const killed of [1, 2]) {
      const cluster = new LinkCluster(4);
      const { a, b } = cluster.pair();
      const [dead, other] = killed === 1 ? [a, b] : [b, a];
      cluster.kill(dead);
      cluster.run(300);
      expect(other.takeEvents().sort()).toEqual([`down ${killed}`, `dropped ${killed}`]);
      const reborn = cluster.start(killed, { incarnation: 2 });
      reborn.transport.addPeer(other.nodeId);
      cluster.run(1000);
      expect(other.takeEvents()).toEqual([`up ${killed}@2`]);
      expect(reborn.events).toEqual([`up ${other.nodeId}@1`]);
    }
  });

  it("notices a machine that lost power and came back, though no connection was ever closed", () => {
    for (const killed of [1, 2]) {
      const cluster = new LinkCluster(5);
      const { a, b } = cluster.pair();
      const [dead, other] = killed === 1 ? [a, b] : [b, a];
      cluster.kill(dead, true);
      const reborn = cluster.start(killed, { incarnation: 2 });
      reborn.transport.addPeer(other.nodeId);
      cluster.run(2000);
      expect(other.takeEvents().filter(isLiveness)).toEqual([`up ${killed}@2`]);
      other.transport.send(messageOf(other.nodeId, killed));
      other.transport.flush();
      cluster.run(100);
      expect(reborn.messages).toHaveLength(1);
    }
  });

  it("is announced at most as often as it changes when a connection breaks and is made again", () => {
    const cluster = new LinkCluster(6);
    const { a, b } = cluster.pair();
    for (let round = 0; round < 5; round++) {
      cluster.net.resetBetween(1, 2);
      cluster.run(3000);
    }
    expect(new Set([...a.events, ...b.events])).toEqual(new Set(["dropped 1", "dropped 2"]));
    a.transport.send(messageOf(1, 2));
    a.transport.send(messageOf(1, 2, { type: MessageType.AppendEntries }));
    a.transport.flush();
    cluster.run(100);
    expect(b.messages).toHaveLength(2);
    expect(cluster.net.openEnds).toBe(6);
  });

  it("does not blame peers for a pause of this process (SIGSTOP, a stalled event loop)", () => {
    const cluster = new LinkCluster(7);
    const { a, b } = cluster.pair();
    a.process.pause();
    cluster.run(10_000);
    expect(b.takeEvents()).toEqual(["suspect 1", "down 1", "dropped 1"]);
    a.process.resume();
    cluster.run(3000);
    expect(a.events.filter((event) => event.startsWith("suspect"))).toEqual([]);
    expect(a.transport.isAlive(2)).toBe(true);
    expect(b.takeEvents()).toEqual(["up 1@1"]);
  });

  it("does not suspect a peer because of a pause too short for the peer to mind", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const cluster = new LinkCluster(seed);
      const { a, b } = cluster.pair();
      a.process.pause();
      cluster.run(1000 + seed * 70);
      a.process.resume();
      cluster.run(1000);
      expect(a.events, `seed ${seed}`).toEqual([]);
      expect(b.events.filter((event) => event.startsWith("down"))).toEqual([]);
    }
  });

  it("is held back for a while after a peer went down several times within a minute", () => {
    const cluster = new LinkCluster(8);
    const { a, b } = cluster.pair();
    const downFor: number[] = [];
    for (let round = 0; round < 4; round++) {
      cluster.cutBoth(1, 2);
      cluster.run(4000);
      expect(a.takeEvents()).toContain("down 2");
      cluster.net.healAll();
      let waitedMs = 0;
      while (!a.transport.isAlive(2)) {
        // Both are held, or one of them would send what the other drops.
        if (waitedMs > 0) expect(a.transport.send(messageOf(1, 2))).toBe(false);
        cluster.run(100);
        waitedMs += 100;
      }
      downFor.push(waitedMs);
    }
    const [first = 0, , , fourth = 0] = downFor;
    expect(first).toBeLessThan(2500);
    expect(fourth).toBeGreaterThanOrEqual(3000);
    expect(fourth).toBeLessThan(10_000);
    cluster.run(5000);
    expect(b.transport.isAlive(1)).toBe(true);
  });

  it("survives a restart of each node in turn and of both at once, with one session in the end", () => {
    const cluster = new LinkCluster(9);
    let { a, b } = cluster.pair();
    for (let round = 0; round < 12; round++) {
      const incarnation = 2 + round;
      const withMachine = round % 4 === 3;
      if (round % 3 !== 1) {
        cluster.kill(a, withMachine);
        a = cluster.start(1, { incarnation });
        a.transport.addPeer(2);
      }
      if (round % 3 !== 0) {
        cluster.kill(b, withMachine);
        b = cluster.start(2, { incarnation });
        b.transport.addPeer(1);
      }
      cluster.run(9000);
      expect(a.transport.isAlive(2), `round ${round}`).toBe(true);
      expect(b.transport.isAlive(1), `round ${round}`).toBe(true);
      expect(cluster.net.openEnds).toBe(6);
      b.messages.splice(0);
      a.transport.send(messageOf(1, 2));
      a.transport.flush();
      cluster.run(100);
      expect(b.messages).toHaveLength(1);
    }
  });
});

describe("who connects", () => {
  it("is either node when only one of them knows the other", () => {
    for (const knowing of [1, 2]) {
      const cluster = new LinkCluster(10);
      const nodes = [cluster.start(1), cluster.start(2)];
      const other = 3 - knowing;
      nodes[knowing - 1]?.transport.addPeer(other);
      cluster.run(1000);
      expect(nodes[knowing - 1]?.events).toEqual([`up ${other}@1`]);
      expect(nodes[other - 1]?.events).toEqual([`up ${knowing}@1`]);
      nodes[knowing - 1]?.transport.removePeer(other);
      cluster.run(5000);
      // Whom nobody wants is forgotten.
      expect(nodes[other - 1]?.transport.peers).toEqual([]);
      expect(cluster.net.openEnds).toBe(0);
    }
  });

  it("does not matter when both connect at the same moment", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const cluster = new LinkCluster(seed, { reconnectMinMs: 1 });
      cluster.faults.delayMeanMs = 5;
      const a = cluster.start(1);
      const b = cluster.start(2);
      cluster.run(seed % 3);
      b.transport.addPeer(1);
      cluster.run(seed % 2);
      a.transport.addPeer(2);
      cluster.run(3000);
      expect(a.transport.isAlive(2), `seed ${seed}`).toBe(true);
      expect(b.transport.isAlive(1), `seed ${seed}`).toBe(true);
      expect(cluster.net.openEnds, `seed ${seed}`).toBe(6);
      expect(a.events.filter((event) => event.startsWith("up"))).toHaveLength(1);
    }
  });

  it("is the one whose way works when the other's does not", () => {
    for (const broken of [1, 2]) {
      const cluster = new LinkCluster(11);
      const peerAddress = (peer: number): string | undefined =>
        peer === broken ? addressOf(peer) : undefined;
      const a = cluster.start(1, { peerAddress });
      const b = cluster.start(2, { peerAddress });
      a.transport.addPeer(2);
      b.transport.addPeer(1);
      cluster.run(2000);
      expect(a.transport.isAlive(2)).toBe(true);
      expect(b.transport.isAlive(1)).toBe(true);
    }
  });

  it("tries again less and less often while nobody answers, and not in step", () => {
    const cluster = new LinkCluster(12);
    const attempts: number[] = [];
    const a = cluster.start(1, {
      peerAddress: (peer) => {
        attempts.push(cluster.scheduler.nowMs);
        return addressOf(peer);
      },
    });
    a.transport.addPeer(2);
    cluster.run(60_000);
    const gaps = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
    expect(attempts.length).toBeLessThan(40);
    expect(attempts.length).toBeGreaterThan(15);
    expect(gaps[0]).toBeLessThan(150);
    expect(Math.max(...gaps)).toBeLessThan(5100);
    expect(new Set(gaps.map((gap) => Math.round(gap))).size).toBeGreaterThan(gaps.length / 2);
    expect(a.events).toEqual([]);
  });
});

describe("append and bulk connections", () => {
  it("are made again alone when they alone break", () => {
    const cluster = new LinkCluster(13);
    const { a, b } = cluster.pair();
    b.onMessageHook = (): void => {};
    // A frame that the peer cannot accept breaks its lane: nothing else does in the simulated network.
    const small = cluster.start(3, {
      limits: {
        maxEntryBytes: 1000,
        maxEntriesBytesPerMessage: 1000,
        snapshotChunkBytes: 1000,
        frameMaxBytes: 1000,
      },
    });
    small.transport.addPeer(1);
    a.transport.addPeer(3);
    cluster.run(1000);
    a.takeEvents();
    const entries = [entryOf(9, 5, 3, Buffer.alloc(200_000))];
    const message = { type: MessageType.AppendEntries, index: 4, entries };
    expect(a.transport.send(messageOf(1, 3, message))).toBe(true);
    a.transport.flush();
    cluster.run(1000);
    expect(small.statistics(1).protocolErrors).toBe(1);
    expect(small.events).toEqual(["up 1@1", "dropped 1"]);
    expect(a.events).toEqual(["dropped 3"]);
    expect(a.statistics(3).control.connections).toBe(1);
    expect(a.statistics(3).append.connections).toBe(2);
    a.transport.send(messageOf(1, 3, { type: MessageType.AppendEntries }));
    a.transport.flush();
    cluster.run(100);
    expect(small.messages).toHaveLength(1);
  });

  it("are not taken for stuck while the peer does not read appends on purpose", () => {
    const cluster = new LinkCluster(14);
    const { a, b } = cluster.pair();
    b.transport.pauseAppends(true);
    a.transport.send(messageOf(1, 2, { type: MessageType.AppendEntries }));
    a.transport.flush();
    cluster.run(20_000);
    expect(b.messages).toEqual([]);
    expect(a.events).toEqual([]);
    b.transport.pauseAppends(false);
    cluster.run(100);
    expect(b.messages).toHaveLength(1);
    expect(a.statistics(2).stalledConnections).toBe(0);
  });

  it("stay paused when they are made again during the pause", () => {
    const cluster = new LinkCluster(15);
    const { a, b } = cluster.pair();
    b.transport.pauseAppends(true);
    cluster.net.resetBetween(1, 2);
    cluster.run(1000);
    a.transport.send(messageOf(1, 2, { type: MessageType.AppendEntries }));
    a.transport.send(messageOf(1, 2));
    a.transport.flush();
    cluster.run(1000);
    expect(b.messages.map(({ message }) => message.type)).toEqual([MessageType.Heartbeat]);
    b.transport.pauseAppends(false);
    cluster.run(100);
    expect(b.messages).toHaveLength(2);
  });
});
