import type { Timers } from "@leveret/raft";
import type { Alarm } from "../../alarm/alarms.ts";
import type { LoginAttempt, LoginResult } from "../../auth/authenticator.ts";
import type { Channel } from "../../connection/channel.ts";
import type { ChannelConsumer } from "../../connection/channel-consumer.ts";
import type { Connection } from "../../connection/connection.ts";
import type { Change } from "./attributed-metadata.ts";
import { changeEvents } from "./change-events.ts";
import * as client from "./client-events.ts";
import { type EventFields, text } from "./event-fields.ts";

/** Something that happened at this node, as RabbitMQ's event exchange tells it. */
export interface BrokerEvent {
  /** Of the message: `queue.created`. */
  readonly key: string;
  readonly fields: EventFields;
  readonly atMs: number;
}

/** Events of one turn that are told; further ones are not, and the next one says how many. */
const DUE_MAX = 10_000;

/**
 * Collects what happens, and tells it at the end of the turn, so that nobody is called from inside of anything. As long as nobody listens,
 * nothing is made.
 */
export class BrokerEvents {
  readonly #nodeName: string;
  readonly #timers: Timers;
  readonly #listeners = new Set<(event: BrokerEvent) => void>();
  #due: BrokerEvent[] = [];
  #lostCount = 0;

  constructor(nodeName: string, timers: Timers) {
    this.#nodeName = nodeName;
    this.#timers = timers;
  }

  /** Of this turn's events so many were too many; for the log. */
  get lostCount(): number {
    return this.#lostCount;
  }

  /** Without, nothing is made. */
  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /** Returns what ends it. */
  listen(listener: (event: BrokerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(change: Change): void {
    if (!this.hasListeners) return;
    for (const event of changeEvents(change, this.#nodeName)) this.#add(event);
  }

  loginDecided(attempt: LoginAttempt, result: LoginResult): void {
    if (this.hasListeners) this.#add(client.loginDecided(attempt, result));
  }

  /** Of an alarm of this node. */
  alarmChanged({ source, node }: Alarm, isSet: boolean): void {
    if (!this.hasListeners) return;
    const fields = { node: text(node), source: text(source) };
    this.#add({ key: isSet ? "alarm.set" : "alarm.cleared", fields });
  }

  connectionOpened(connection: Connection): void {
    if (!this.hasListeners) return;
    this.#add(client.connectionCreated(connection, this.#nodeName));
  }

  connectionClosed(connection: Connection): void {
    if (!this.hasListeners) return;
    this.#add(client.connectionClosed(connection, this.#nodeName));
  }

  channelOpened(channel: Channel): void {
    if (!this.hasListeners) return;
    this.#add(client.channelCreated(channel, this.#nodeName));
  }

  channelClosed(channel: Channel): void {
    if (!this.hasListeners) return;
    this.#add(client.channelClosed(channel, this.#nodeName));
  }

  consumerAdded(consumer: ChannelConsumer, exclusive: boolean, prefetch: number): void {
    if (!this.hasListeners) return;
    this.#add(client.consumerCreated(consumer, { exclusive, prefetch, node: this.#nodeName }));
  }

  consumerRemoved(consumer: ChannelConsumer): void {
    if (!this.hasListeners) return;
    this.#add(client.consumerDeleted(consumer, this.#nodeName));
  }

  #add(event: Omit<BrokerEvent, "atMs">): void {
    if (this.#due.length >= DUE_MAX) {
      this.#lostCount++;
      return;
    }
    if (this.#due.length === 0) this.#timers.defer(() => this.#tellDue());
    this.#due.push({ ...event, atMs: Date.now() });
  }

  #tellDue(): void {
    const due = this.#due;
    this.#due = [];
    for (const event of due) {
      for (const listener of this.#listeners) listener(event);
    }
  }
}
