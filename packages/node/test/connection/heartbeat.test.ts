import { HEARTBEAT_FRAME } from "@leveret/amqp";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { HeartbeatMonitor, type HeartbeatTarget } from "../../src/connection/heartbeat.ts";
import { OutputBuffer } from "../../src/connection/output-buffer.ts";
import { ManualSchedule, SlowSocket } from "./slow-socket.ts";

/** A connection as the monitor sees it; its output is flushed at every step, as at the end of a turn. */
class Peer implements HeartbeatTarget {
  readonly heartbeatSeconds: number;
  readonly #schedule: ManualSchedule = new ManualSchedule();
  readonly #socket: SlowSocket = new SlowSocket();
  readonly output: OutputBuffer = new OutputBuffer(this.#socket.asSocket(), this.#schedule, {
    onDrained: () => undefined,
  });
  hasReceived = false;
  isReadingPaused = false;
  /** When it was given up, ms after the start. */
  readonly missedAt: number[] = [];
  #elapsedMs = 0;

  constructor(heartbeatSeconds: number) {
    this.heartbeatSeconds = heartbeatSeconds;
  }

  get heartbeats(): number {
    return Buffer.concat(this.#socket.written).length / HEARTBEAT_FRAME.length;
  }

  onHeartbeatMissed(): void {
    this.missedAt.push(this.#elapsedMs);
  }

  send(): void {
    this.output.append(Buffer.from(HEARTBEAT_FRAME));
  }

  /** Lets time pass; `eachStep` is called every half second. */
  pass(seconds: number, eachStep: () => void = () => undefined): void {
    for (let step = 0; step < seconds * 2; step++) {
      eachStep();
      this.#elapsedMs += 500;
      vi.advanceTimersByTime(500);
      this.flush();
    }
  }

  /** What the end of a turn does. */
  flush(): void {
    this.#schedule.flushAll();
    this.#socket.writeOne();
  }
}

describe("HeartbeatMonitor", () => {
  let monitor: HeartbeatMonitor;

  beforeEach(() => {
    vi.useFakeTimers();
    monitor = new HeartbeatMonitor();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test.each([
    [1, 10, 10],
    [10, 100, 10],
    [60, 600, 10],
  ])("sends one heartbeat an interval of %i s to an idle peer", (interval, seconds, count) => {
    const peer = new Peer(interval);
    monitor.add(peer);
    peer.pass(seconds, () => {
      peer.hasReceived = true;
    });
    expect(peer.heartbeats).toBeGreaterThanOrEqual(count - 1);
    expect(peer.heartbeats).toBeLessThanOrEqual(count + 1);
  });

  test("sends those of peers that came at once at different times, none later than it should", () => {
    const peers = Array.from({ length: 300 }, () => new Peer(60));
    for (const peer of peers) monitor.add(peer);
    const sent: number[] = [];
    for (let step = 0; step < 120; step++) {
      vi.advanceTimersByTime(500);
      for (const peer of peers) peer.flush();
      sent.push(peers.reduce((sum, { heartbeats }) => sum + heartbeats, 0));
    }
    expect(sent.at(-1)).toBe(300);
    const mostAtOnce = Math.max(...sent.map((all, step) => all - (sent[step - 1] ?? 0)));
    expect(mostAtOnce).toBe(10);
  });

  test("sends none to a peer that gets other frames", () => {
    const peer = new Peer(10);
    monitor.add(peer);
    let sent = 0;
    peer.pass(100, () => {
      peer.hasReceived = true;
      peer.send();
      sent++;
    });
    expect(peer.heartbeats).toBe(sent);
  });

  test.each([1, 10, 60])(
    "gives a silent peer up after two to three intervals of %i s",
    (interval) => {
      const peer = new Peer(interval);
      monitor.add(peer);
      peer.pass(interval * 3);
      expect(peer.missedAt[0]).toBeGreaterThanOrEqual(interval * 2000);
      expect(peer.missedAt[0]).toBeLessThanOrEqual(interval * 3000);
    },
  );

  test("keeps a peer that says something once in an interval", () => {
    const peer = new Peer(10);
    monitor.add(peer);
    let step = 0;
    peer.pass(200, () => {
      if (step++ % 20 === 19) peer.hasReceived = true;
    });
    expect(peer.missedAt).toEqual([]);
  });

  test("keeps a peer that is not read on purpose", () => {
    const peer = new Peer(10);
    peer.isReadingPaused = true;
    monitor.add(peer);
    peer.pass(200);
    expect(peer.missedAt).toEqual([]);
  });

  test("does nothing for a peer that wants no heartbeats", () => {
    const peer = new Peer(0);
    monitor.add(peer);
    expect(vi.getTimerCount()).toBe(0);
    peer.pass(200);
    expect(peer.heartbeats).toBe(0);
  });

  test("holds one timer for all peers, and none when the last is gone", () => {
    const peers = [new Peer(10), new Peer(60)];
    for (const peer of peers) monitor.add(peer);
    expect(vi.getTimerCount()).toBe(1);
    for (const peer of peers) monitor.remove(peer);
    for (const peer of peers) monitor.remove(peer);
    expect(vi.getTimerCount()).toBe(0);
  });
});
