import { LIVE_STREAM_MS } from "../limits.ts";
import type { LiveFigures } from "../model/statistics.ts";

const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  // A proxy that gathers answers would keep the events.
  "x-accel-buffering": "no",
};

/**
 * A stream of server-sent events: `figures` with `{ "time": ms, "figures": { "message_stats.publish": 12, ... } }`, all of them in the first one, then
 * those that have changed. The next one is made when the client has taken the last: nothing piles up. It ends after a while, and clients come
 * again, so that whoever may not look any more does not go on doing so.
 */
export async function liveEvents(changes: AsyncIterable<LiveFigures>): Promise<Response> {
  const events = encoded(changes, Date.now() + LIVE_STREAM_MS);
  // What fails at once is told as an error, not as a stream that ends.
  const first = await events.next();
  return new Response(ReadableStream.from(withFirst(first, events)), { headers: HEADERS });
}

async function* encoded(
  changes: AsyncIterable<LiveFigures>,
  endMs: number,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const { figures, timeMs } of changes) {
    const data = JSON.stringify({ time: timeMs, figures: Object.fromEntries(figures) });
    yield encoder.encode(`event: figures\ndata: ${data}\n\n`);
    if (timeMs >= endMs) return;
  }
}

async function* withFirst(
  { value, done }: IteratorResult<Uint8Array>,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (done === true) return;
  yield value;
  yield* rest;
}
