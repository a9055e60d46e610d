import { encodeBodyFrames, encodeContentHeaderFrame, FRAME_HEADER_SIZE } from "@leveret/amqp";
import { viewOf } from "../../src/queue/byte-copy.ts";
import { Message, type MessageRouting, messageRouting } from "../../src/queue/message.ts";
import type { SlabStore } from "../../src/queue/slab-store.ts";

/** Frame header, class, weight, body size: what stands before the properties in a header frame. */
const BEFORE_PROPERTIES = 19;

export const ROUTING: MessageRouting = messageRouting("exchange", "key");

/** What a publish looks like while it is handled: a view of the socket's chunk. */
export interface ChunkMessage {
  readonly chunk: Buffer;
  readonly view: Message;
}

/** What stands in the chunk before the content: the method frame. */
const BEFORE_CONTENT: Buffer = Buffer.alloc(9, 0xbb);
const EMPTY: Buffer = Buffer.alloc(0);

/** Header and body as they came: side by side as whole frames (`run`), or with something between them. */
export function chunkMessage(
  store: SlabStore,
  properties: Buffer,
  body: Buffer,
  form: "run" | "apart",
): ChunkMessage {
  const header = encodeContentHeaderFrame(1, body.length, properties);
  const between = form === "run" ? EMPTY : Buffer.alloc(5, 0xee);
  const chunk = Buffer.concat([BEFORE_CONTENT, header, between, encodeBodyFrames(1, body, 0)]);
  const view = new Message(store, ROUTING);
  view.bytes = chunk;
  view.view = viewOf(chunk);
  view.propertiesStart = BEFORE_CONTENT.length + BEFORE_PROPERTIES;
  view.propertiesEnd = view.propertiesStart + properties.length;
  view.bodySize = body.length;
  if (body.length > 0) {
    view.bodySource = chunk;
    view.bodyStart = BEFORE_CONTENT.length + header.length + between.length + FRAME_HEADER_SIZE;
  }
  if (form === "run") {
    view.runStart = BEFORE_CONTENT.length;
    view.runEnd = chunk.length;
  }
  return { chunk, view };
}

/** A stored message; the chunk it came in is overwritten, as a socket's buffer may be. */
export function storedMessage(
  store: SlabStore,
  properties: Buffer,
  body: Buffer,
  form: "run" | "apart" = "apart",
): Message {
  const { chunk, view } = chunkMessage(store, properties, body, form);
  const message = view.keep();
  if (message.bodySource !== chunk) chunk.fill(0xdd);
  return message;
}
