import { describe, expect, it } from "vitest";
import { type StreamEvent, takeEvents } from "../src/api/event-stream.ts";

function read(parts: readonly string[]): StreamEvent[] {
  const events: StreamEvent[] = [];
  let rest = "";
  for (const part of parts) {
    rest = takeEvents(rest + part, (event) => events.push(event));
  }
  return events;
}

describe("server-sent events", () => {
  const text = 'event: figures\ndata: {"a":1}\n\n: nothing\n\ndata: x\ndata: y\n\n';
  const wanted = [
    { event: "figures", data: '{"a":1}' },
    { event: "message", data: "x\ny" },
  ];

  it("are found wherever the stream is cut", () => {
    for (let at = 0; at <= text.length; at += 1) {
      expect(read([text.slice(0, at), text.slice(at)])).toEqual(wanted);
    }
    expect(read([...text])).toEqual(wanted);
  });

  it("without a closing line are not told yet", () => {
    expect(read(["data: half\n"])).toEqual([]);
  });
});
