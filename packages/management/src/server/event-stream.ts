import { LIVE_STREAM_MS } from "../limits.ts";
import type { JsonObject } from "../model/json.ts";

/** An event for a browser. */
export interface ServerEvent {
  readonly event: string;
  readonly data: JsonObject;
}

const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  // A proxy that gathers answers would keep the events.
  "x-accel-buffering": "no",
};

/**
 * A stream of server-sent events, of which the next is asked for when the client has taken the last. It ends after a while, and clients come again,
 * so that whoever may not look any more does not go on doing so. What fails before the first event is told as an error.
 */
export async function eventStream(events: AsyncGenerator<ServerEvent>): Promise<Response> {
  const encoded = encode(events, Date.now() + LIVE_STREAM_MS);
  const first = await encoded.next();
  return new Response(ReadableStream.from(withFirst(first, encoded)), { headers: HEADERS });
}

async function* encode(
  events: AsyncGenerator<ServerEvent>,
  endMs: number,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const { event, data } of events) {
    yield encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    if (Date.now() >= endMs) return;
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
