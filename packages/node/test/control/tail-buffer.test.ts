import { encodeBasicProperties } from "@leveret/amqp";
import { expect, test } from "vitest";
import { TailBuffer } from "../../src/control/tail-buffer.ts";
import type { Message } from "../../src/queue/message.ts";
import { SlabStore } from "../../src/queue/slab-store.ts";
import { chunkMessage } from "../queue/stored-message.ts";

const PROPERTIES = encodeBasicProperties({});
const store = new SlabStore();

function message(body: string): Message {
  return chunkMessage(store, PROPERTIES, Buffer.from(body), "run").view;
}

async function bodies(buffer: TailBuffer, count: number): Promise<string[]> {
  const found: string[] = [];
  for (let nth = 0; nth < count; nth++) {
    const item = await buffer.next();
    found.push(item.kind === "message" ? item.copy.body.toString() : JSON.stringify(item));
  }
  return found;
}

test("what finds no room is dropped, and counted in its place", async () => {
  const buffer = new TailBuffer({ countMax: 3, bodyMax: 100 });
  for (let nth = 1; nth <= 5; nth++) buffer.published(message(`m${nth}`));
  expect(await bodies(buffer, 1)).toEqual(["m1"]);
  buffer.published(message("m6"));
  expect(await bodies(buffer, 3)).toEqual([
    "m2",
    "m3",
    JSON.stringify({ kind: "dropped", count: 3 }),
  ]);
  buffer.published(message("m7"));
  buffer.ended();
  const ended = JSON.stringify({ kind: "ended" });
  expect(await bodies(buffer, 3)).toEqual(["m7", ended, ended]);
});

test("a reader that waits is woken by the next message; copies are cut and do not follow the socket's bytes", async () => {
  const buffer = new TailBuffer({ countMax: 1, bodyMax: 4 });
  const next = buffer.next();
  const { view, chunk } = chunkMessage(store, PROPERTIES, Buffer.from("long body"), "run");
  buffer.published(view);
  chunk.fill(0);
  const item = await next;
  expect(item).toMatchObject({
    kind: "message",
    copy: { exchange: "exchange", routingKey: "key", body: Buffer.from("long"), bodySize: 9 },
  });
});

test("messages are bounded in bytes, too", async () => {
  const buffer = new TailBuffer({ countMax: 100, bodyMax: 1_000_000 });
  const large = message("x".repeat(1_000_000));
  for (let nth = 1; nth <= 12; nth++) buffer.published(large);
  const kinds: string[] = [];
  for (let nth = 1; nth <= 10; nth++) kinds.push((await buffer.next()).kind);
  expect(kinds).toEqual([...new Array(9).fill("message"), "dropped"]);
});
