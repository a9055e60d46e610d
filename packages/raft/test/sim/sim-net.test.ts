import { describe, expect, it } from "vitest";
import type { Connection, ConnectionHandler } from "../../src/env/net.ts";
import { Random } from "../../src/sim/random.ts";
import { CALM_NET, SimNet } from "../../src/sim/sim-net.ts";
import { SimProcess } from "../../src/sim/sim-process.ts";
import { SimScheduler } from "../../src/sim/sim-scheduler.ts";

class Recorder implements ConnectionHandler {
  readonly received: number[] = [];
  kept: Uint8Array | undefined;
  opened = 0;
  drained = 0;
  closed: string | undefined;
  onOpen(): void {
    this.opened++;
  }
  onData(chunk: Uint8Array): void {
    this.received.push(...chunk);
    this.kept = chunk;
  }
  onDrain(): void {
    this.drained++;
  }
  onClose(reason: string): void {
    this.closed = reason;
  }
}

class Network {
  readonly random: Random;
  readonly scheduler: SimScheduler;
  readonly net: SimNet;
  readonly processes: SimProcess[] = [];
  readonly server = new Recorder();
  accepted: Connection | undefined;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.scheduler = new SimScheduler(this.random.fork());
    this.net = new SimNet(this.scheduler, this.random.fork(), {
      faults: { ...CALM_NET },
      watcher: { onNetEvent(): void {} },
    });
    for (let host = 0; host < 3; host++) {
      this.processes.push(
        new SimProcess(
          this.scheduler,
          this.random.fork(),
          { wallSkewMs: 0, driftPpm: 0 },
          (error) => {
            throw error;
          },
        ),
      );
    }
    this.net.attach(this.process(1), 1).listen(
      "node-1:1",
      (connection) => {
        this.accepted = connection;
        return this.server;
      },
      () => {},
    );
    this.run(10);
  }

  process(host: number): SimProcess {
    const process = this.processes[host];
    if (process === undefined) throw new Error(`no host ${host}`);
    return process;
  }

  connect(handler: ConnectionHandler): Connection {
    return this.net.attach(this.process(2), 2).connect("node-1:1", handler);
  }

  run(ms: number): void {
    const until = this.scheduler.nowMs + ms;
    while (this.scheduler.runNext(until));
    this.scheduler.advanceTo(until);
  }
}

describe("SimNet", () => {
  it("delivers a stream in order, cut anywhere, with delays and losses", () => {
    const network = new Network(1);
    network.net.faults.lossChance = 0.3;
    network.net.faults.delayMeanMs = 30;
    const client = new Recorder();
    const connection = network.connect(client);
    const sent: number[] = [];
    for (let round = 0; round < 200; round++) {
      const bytes = new Uint8Array(1 + (round % 7)).map((_, at) => (round + at) & 0xff);
      sent.push(...bytes);
      connection.write(bytes);
      network.run(3);
    }
    network.run(20_000);
    expect(client.opened).toBe(1);
    expect(network.server.received).toEqual(sent);
    expect(network.server.kept?.every((byte) => byte === 0xde)).toBe(true);
  });

  it("answers back and reports drain after write refused", () => {
    const network = new Network(2);
    const client = new Recorder();
    const connection = network.connect(client);
    network.run(100);
    network.accepted?.pause();
    expect(connection.write(new Uint8Array(CALM_NET.sendBufferBytes + 1))).toBe(false);
    network.run(1000);
    expect(connection.write(new Uint8Array(100))).toBe(false);
    network.run(1000);
    expect(connection.bufferedBytes).toBe(100);
    expect(client.drained).toBe(0);
    network.accepted?.resume();
    network.run(1000);
    expect(client.drained).toBe(1);
    expect(connection.bufferedBytes).toBe(0);
    expect(network.server.received.length).toBe(CALM_NET.sendBufferBytes + 101);
  });

  it("holds bytes back while a direction is cut, then delivers or breaks", () => {
    const network = new Network(3);
    const client = new Recorder();
    const connection = network.connect(client);
    network.run(100);
    network.net.setBlocked(2, 1, true);
    connection.write(Uint8Array.of(1, 2, 3));
    network.accepted?.write(Uint8Array.of(9));
    network.run(3000);
    expect(network.server.received).toEqual([]);
    expect(client.received).toEqual([9]);
    network.net.setBlocked(2, 1, false);
    network.run(5000);
    expect(network.server.received).toEqual([1, 2, 3]);
    network.net.setBlocked(2, 1, true);
    connection.write(Uint8Array.of(4));
    network.run(60_000);
    expect(client.closed).toBe("connection timed out");
  });

  it("tells the peer of a dead process, and of a dead machine only when the peer sends", () => {
    for (const isMachineAlive of [true, false]) {
      const network = new Network(4);
      const client = new Recorder();
      const connection = network.connect(client);
      network.run(100);
      network.process(1).kill();
      network.net.kill(network.process(1), isMachineAlive);
      network.run(1000);
      expect(client.closed !== undefined).toBe(isMachineAlive);
      connection.write(Uint8Array.of(1));
      network.run(1000);
      expect(client.closed).toBeDefined();
      expect(network.net.openEnds).toBe(0);
    }
  });

  it("refuses connections nobody listens for and closes both ends on destroy", () => {
    const network = new Network(5);
    const client = new Recorder();
    network.net.attach(network.process(2), 2).connect("node-0:1", client);
    network.run(100);
    expect(client.closed).toBe("connection refused");
    const second = new Recorder();
    const connection = network.connect(second);
    network.run(100);
    connection.destroy("enough");
    expect(second.closed).toBeUndefined();
    network.run(100);
    expect(second.closed).toBe("enough");
    expect(network.server.closed).toBe("enough");
  });

  it("breaks connections by chance and at will", () => {
    const network = new Network(6);
    const client = new Recorder();
    const connection = network.connect(client);
    network.run(100);
    network.net.resetBetween(1, 2);
    network.run(10);
    expect(client.closed).toBe("connection reset");
    expect(network.server.closed).toBe("connection reset");
    expect(connection.write(Uint8Array.of(1))).toBe(false);
  });
});
