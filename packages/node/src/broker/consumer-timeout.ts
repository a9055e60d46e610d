import { ChannelError, NO_METHOD } from "@leveret/amqp";
import type { Channel } from "../connection/channel.ts";
import type { Timer } from "../runtime/clock.ts";
import type { Broker } from "./broker.ts";

/** How often channels are looked at, at most (RabbitMQ: channel_tick_interval). */
const CHECK_INTERVAL_MAX_MS = 60_000;

/**
 * consumer_timeout: a channel that leaves a delivery unacknowledged for too long is closed (RabbitMQ since 3.8.15;
 * off by default here). One timer for all channels, none when it is off.
 */
export class ConsumerTimeout {
  readonly #broker: Broker;
  readonly #timeoutMs: number;
  #timer: Timer | undefined = undefined;

  /** `timeoutMs` 0: off. */
  constructor(broker: Broker, timeoutMs: number) {
    this.#broker = broker;
    this.#timeoutMs = timeoutMs;
  }

  start(): void {
    if (this.#timeoutMs === 0) return;
    const intervalMs = Math.min(CHECK_INTERVAL_MAX_MS, this.#timeoutMs);
    this.#timer = this.#broker.clock.setTimer(intervalMs, () => {
      this.#check();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #check(): void {
    const deadline = this.#broker.clock.now() - this.#timeoutMs;
    for (const connection of this.#broker.connections) {
      for (const channel of connection.channels.values()) {
        const oldest = channel.ledger.oldestDeliveredAtMs;
        if (!channel.isClosing && oldest !== undefined && oldest < deadline) this.#close(channel);
      }
    }
  }

  #close(channel: Channel): void {
    channel.connection.failChannel(
      channel,
      new ChannelError(
        "PRECONDITION_FAILED",
        `delivery acknowledgement on channel ${channel.number} timed out. Timeout value used: ` +
          `${this.#timeoutMs} ms. This timeout value can be configured, see consumers doc guide to learn more`,
        { failed: NO_METHOD },
      ),
    );
  }
}
