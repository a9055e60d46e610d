import { describe, expect, it } from "vitest";
import { entryChecksum } from "../../../raft/src/codec/entry-record.ts";
import { EntryType } from "../../../raft/src/core/entry.ts";
import { MessageType, type RaftMessage } from "../../../raft/src/core/message.ts";
import { DEFAULT_LIMITS } from "../../../raft/src/limits.ts";
import { LinkTransport } from "../../../raft/src/transport/link-transport.ts";
import type { TransportListener } from "../../../raft/src/transport/transport.ts";
import { RealNet } from "../../src/runtime/real-net.ts";
import { RealRaftClock } from "../../src/runtime/real-raft-clock.ts";

/** A transport on real sockets. */
class Node implements TransportListener {
  readonly transport: LinkTransport;
  readonly messages: RaftMessage[] = [];
  readonly up = new Set<number>();
  noteBytes = 0;
  downs = 0;

  constructor(nodeId: number, addresses: Map<number, string>, incarnation = 1) {
    const clock = new RealRaftClock();
    this.transport = new LinkTransport(
      {
        nodeId,
        clusterId: "real",
        incarnation,
        listenAddress: addresses.get(nodeId) ?? "127.0.0.1:0",
        peerAddress: (peer) => addresses.get(peer),
        limits: DEFAULT_LIMITS,
        seed: nodeId * 1000 + incarnation,
      },
      { clock, timers: clock, net: new RealNet() },
      this,
    );
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.transport.start((error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.transport.close(resolve);
    });
  }

  onMessage(_from: number, message: RaftMessage): void {
    this.messages.push(message);
  }

  onNote(_from: number, _lane: string, _kind: number, body: Uint8Array): void {
    this.noteBytes += body.length;
  }

  onTurnEnd(): void {}

  onPeerUp(peer: number): void {
    this.up.add(peer);
  }

  onPeerSuspect(): void {}

  onPeerDown(peer: number): void {
    this.up.delete(peer);
    this.downs++;
  }

  onDropped(): void {}

  onDrain(): void {}
}

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 2));
}

function append(from: number, to: number, data: Uint8Array): RaftMessage {
  const type = EntryType.Command;
  const crc = entryChecksum(9, 5, 3, type, data);
  return {
    type: MessageType.AppendEntries,
    groupId: 9,
    epoch: 0,
    from: from * 65_536 + 1,
    to: to * 65_536 + 1,
    term: 3,
    index: 4,
    logTerm: 3,
    commit: 0,
    hint: 0,
    context: 0,
    reject: false,
    entries: [{ index: 5, term: 3, type, data, crc }],
    snapshot: undefined,
  };
}

describe("LinkTransport on real sockets", () => {
  it("carries small, large and many messages, and connects again after a restart", async () => {
    const addresses = new Map<number, string>();
    const nodes = [new Node(1, addresses), new Node(2, addresses)] as const;
    const [a] = nodes;
    let [, b] = nodes;
    for (const node of nodes) await node.start();
    addresses.set(1, a.transport.address ?? "");
    addresses.set(2, b.transport.address ?? "");
    a.transport.addPeer(2);
    b.transport.addPeer(1);
    await until(() => a.up.has(2) && b.up.has(1));

    expect(a.transport.send(append(1, 2, Buffer.alloc(16 * 1024 * 1024, 7)))).toBe(true);
    a.transport.flush();
    expect(a.transport.sendNote(2, "bulk", 1, Buffer.alloc(1_000_000))).toBe(true);
    a.transport.flush();
    await until(() => b.messages.length === 1 && b.noteBytes === 1_000_000);
    expect(b.messages[0]?.entries[0]?.data).toHaveLength(16 * 1024 * 1024);

    let sent = 0;
    while (sent < 20_000) {
      while (sent < 20_000 && a.transport.send(append(1, 2, Buffer.alloc(sent % 500)))) sent++;
      a.transport.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => b.messages.length === 20_001);
    expect(b.messages.slice(1).map((message) => message.entries[0]?.data.length)).toEqual(
      Array.from({ length: 20_000 }, (_, index) => index % 500),
    );

    await b.close();
    await until(() => a.downs === 1);
    b = new Node(2, addresses, 2);
    await b.start();
    b.transport.addPeer(1);
    await until(() => a.up.has(2) && b.up.has(1));
    expect(b.transport.send({ ...append(2, 1, Buffer.from("back")) })).toBe(true);
    b.transport.flush();
    await until(() => a.messages.length === 1);
    await Promise.all([a.close(), b.close()]);
  }, 30_000);
});
