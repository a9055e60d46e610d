import type { LiveFigures } from "../model/statistics.ts";
import { eventStream, type ServerEvent } from "../server/event-stream.ts";

/**
 * A stream of server-sent events: `figures` with `{ "time": ms, "figures": { "message_stats.publish": 12, ... } }`, all of them in the first one, then
 * those that have changed.
 */
export function liveEvents(changes: AsyncIterable<LiveFigures>): Promise<Response> {
  return eventStream(eventsOf(changes));
}

async function* eventsOf(changes: AsyncIterable<LiveFigures>): AsyncGenerator<ServerEvent> {
  for await (const { figures, timeMs } of changes) {
    yield { event: "figures", data: { time: timeMs, figures: Object.fromEntries(figures) } };
  }
}
