import { HEARTBEAT_FRAME } from "@leveret/amqp";
import type { OutputBuffer } from "./output-buffer.ts";

/** Half the smallest heartbeat, one second: what RabbitMQ's senders check twice in an interval. */
const TICK_MS = 500;

/** What the shared timer watches of one connection. */
export interface HeartbeatTarget {
  /** Negotiated interval; both sides of the table in RabbitMQ's protocol reference 3.2 derive from it. */
  readonly heartbeatSeconds: number;
  readonly output: OutputBuffer;
  /** Input came since the flag was last cleared. */
  hasReceived: boolean;
  /** Nothing is read on purpose (blocked by an alarm): silence proves nothing. */
  readonly isReadingPaused: boolean;
  /** Two intervals passed without any input. */
  onHeartbeatMissed(): void;
}

interface Watch {
  readonly target: HeartbeatTarget;
  readonly sendTicks: number;
  readonly receiveTicks: number;
  flushCount: number;
  sendCountdown: number;
  receiveCountdown: number;
  silentIntervals: number;
}

/**
 * One coarse timer for the heartbeats of all connections. A heartbeat is sent when nothing was written for half an
 * interval; the peer is dead after two whole intervals of silence, so between 2 and 3 times the timeout (RabbitMQ).
 */
export class HeartbeatMonitor {
  readonly #watches = new Map<HeartbeatTarget, Watch>();
  #added = 0;
  #timer: ReturnType<typeof setInterval> | undefined = undefined;

  add(target: HeartbeatTarget): void {
    if (target.heartbeatSeconds === 0) return;
    const ticks = (target.heartbeatSeconds * 1000) / TICK_MS;
    const sendTicks = Math.max(1, Math.floor(ticks / 2));
    this.#watches.set(target, {
      target,
      sendTicks,
      receiveTicks: ticks,
      flushCount: target.output.flushCount,
      sendCountdown: this.#firstCountdown(sendTicks),
      receiveCountdown: ticks,
      silentIntervals: 0,
    });
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  /** Thousands of clients come back at once after a failure: their heartbeats are spread over a quarter of the interval. */
  #firstCountdown(sendTicks: number): number {
    const spread = Math.max(1, Math.floor(sendTicks / 2));
    return sendTicks - (this.#added++ % spread);
  }

  remove(target: HeartbeatTarget): void {
    this.#watches.delete(target);
    if (this.#watches.size > 0 || this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    for (const watch of this.#watches.values()) {
      watch.sendCountdown--;
      if (watch.sendCountdown === 0) sendIfIdle(watch);
      watch.receiveCountdown--;
      if (watch.receiveCountdown === 0) checkSilence(watch);
    }
  }
}

function sendIfIdle(watch: Watch): void {
  const { output } = watch.target;
  watch.sendCountdown = watch.sendTicks;
  if (output.flushCount === watch.flushCount) output.append(HEARTBEAT_FRAME);
  watch.flushCount = output.flushCount;
}

function checkSilence(watch: Watch): void {
  const { target } = watch;
  watch.receiveCountdown = watch.receiveTicks;
  if (target.hasReceived || target.isReadingPaused) {
    target.hasReceived = false;
    watch.silentIntervals = 0;
    return;
  }
  watch.silentIntervals++;
  if (watch.silentIntervals >= 2) target.onHeartbeatMissed();
}
