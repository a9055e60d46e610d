import { delayOf } from "../exchange/delay.ts";
import { isExcludedFromHistory } from "../exchange/recent-history.ts";
import type { Message } from "../queue/message.ts";
import type { Broker } from "./broker.ts";
import type { LiveExchange } from "./live-exchange.ts";
import { PublishedMessage } from "./published-message.ts";
import type { VirtualHost } from "./virtual-host.ts";

/**
 * Exchanges that keep messages themselves: x-recent-history remembers them, x-delayed-message holds them back.
 * true: the message is held and goes no further now.
 */
export function noteHeld(
  broker: Broker,
  vhost: VirtualHost,
  exchange: LiveExchange,
  message: Message,
  keys: readonly string[],
): boolean {
  if (exchange.history !== undefined) {
    const { headers } = new PublishedMessage(message, message.routing.routingKey);
    if (!isExcludedFromHistory(headers)) {
      exchange.history.add(message.keep(), message.storedSize);
    }
    return false;
  }
  if (exchange.delayed === undefined) return false;
  const { headers } = new PublishedMessage(message, message.routing.routingKey);
  const delayMs = delayOf(headers);
  if (delayMs === undefined) return false;
  broker.delays.hold(vhost, exchange, { message: message.keep(), keys }, delayMs);
  return true;
}
