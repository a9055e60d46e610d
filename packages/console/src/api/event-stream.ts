import { openStream } from "./client.ts";

/** One server-sent event. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

const RETRY_MS = 3000;
/** An event longer than this is no event of ours; the stream is closed. */
const EVENT_SIZE_MAX = 1_000_000;

/**
 * Reads server-sent events by fetch: unlike EventSource it can say who asks, so that an ended session never makes the browser ask
 * for a password. Connects again after a failure, until the returned function is called.
 */
export function followEvents(path: string, onEvent: (event: StreamEvent) => void): () => void {
  const abort = new AbortController();
  void run(path, onEvent, abort.signal);
  return () => abort.abort();
}

async function run(
  path: string,
  onEvent: (event: StreamEvent) => void,
  abort: AbortSignal,
): Promise<void> {
  while (!abort.aborted) {
    try {
      const response = await openStream(path, abort);
      await readEvents(response, onEvent);
    } catch {
      // The next attempt follows below; pages show by their figures' age that nothing comes.
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function readEvents(
  response: Response,
  onEvent: (event: StreamEvent) => void,
): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) {
    return;
  }
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done || rest.length > EVENT_SIZE_MAX) {
      return;
    }
    rest = takeEvents(rest + value, onEvent);
  }
}

/** Gives the whole events in `text` to `onEvent`; the rest, which is not whole yet. */
export function takeEvents(text: string, onEvent: (event: StreamEvent) => void): string {
  const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = blocks.pop() ?? "";
  for (const block of blocks) {
    const event = parseEvent(block);
    if (event !== undefined) {
      onEvent(event);
    }
  }
  return rest;
}

function parseEvent(block: string): StreamEvent | undefined {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    const value = line.slice(at + 1).replace(/^ /, "");
    if (line.startsWith("event:")) {
      event = value;
    } else if (line.startsWith("data:")) {
      data.push(value);
    }
  }
  return data.length === 0 ? undefined : { event, data: data.join("\n") };
}
