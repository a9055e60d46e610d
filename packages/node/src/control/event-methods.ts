import { fieldTableToJson } from "@leveret/amqp";
import type { BrokerEvent, BrokerEvents } from "../broker/events/broker-events.ts";
import { follow } from "../follow.ts";
import { EVENT_READERS_MAX, EVENTS_WAITING_MAX } from "./control-limits.ts";
import { NO_PARAMS, type NodeMethods, whileRunning } from "./control-method.ts";
import { OperationError } from "./operation-error.ts";

/** An event by RabbitMQ's name, its fields as values of JSON. `event` null: `missed` events were left out, as the reader was slow. */
type EventRow = Readonly<Record<string, unknown>>;

export const EVENT_METHODS: NodeMethods = {
  /** What happens at this node from now on, until the caller cancels. */
  event_stream: whileRunning(NO_PARAMS, ({ broker: { broker } }, _params, { signal }) =>
    eventRows(broker.events, signal),
  ),
};

const readerCounts = new WeakMap<BrokerEvents, number>();

async function* eventRows(events: BrokerEvents, signal: AbortSignal): AsyncIterable<EventRow> {
  const count = readerCounts.get(events) ?? 0;
  if (count >= EVENT_READERS_MAX) {
    throw new OperationError("failed", `${EVENT_READERS_MAX} readers follow events of this node`);
  }
  readerCounts.set(events, count + 1);
  const listen = (onEvent: (event: BrokerEvent) => void): (() => void) => events.listen(onEvent);
  try {
    for await (const next of follow({ listen, waitingMax: EVENTS_WAITING_MAX, signal })) {
      if ("missed" in next) yield { event: null, missed: next.missed };
      else yield eventRow(next.item);
    }
  } finally {
    readerCounts.set(events, (readerCounts.get(events) ?? 1) - 1);
  }
}

function eventRow({ key, fields, atMs }: BrokerEvent): EventRow {
  const shown = fieldTableToJson(new Map(Object.entries(fields)));
  return { event: key, ...shown, timestamp_in_ms: atMs };
}
