import { jsonResponse } from "../json-response.ts";
import { CHUNK_LENGTH } from "../limits.ts";

const HEADERS = { "content-type": "application/json", "cache-control": "no-cache" };

/**
 * JSON text that comes in pieces, as an answer: short ones as a whole, longer ones while they are made. What fails before the first
 * CHUNK_LENGTH characters are there rejects; later, the connection ends in the middle of the answer.
 */
export async function jsonText(pieces: AsyncGenerator<string>): Promise<Response> {
  let head = "";
  while (head.length < CHUNK_LENGTH) {
    const { value, done } = await pieces.next();
    if (done === true) return jsonResponse(head);
    head += value;
  }
  return new Response(ReadableStream.from(encoded(head, pieces)), { headers: HEADERS });
}

async function* encoded(head: string, pieces: AsyncGenerator<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = head;
  for await (const piece of pieces) {
    if (text.length >= CHUNK_LENGTH) {
      yield encoder.encode(text);
      text = "";
    }
    text += piece;
  }
  if (text !== "") yield encoder.encode(text);
}
