import { once } from "node:events";
import { publishFrames, type RawClient } from "./raw-client.ts";

const BATCH = 1000;
const NUMBER_SIZE = 4;

/** Publishes messages whose bodies begin with their number (u32), and waits when the broker takes no more. */
export async function publishNumbered(
  client: RawClient,
  { queue, from = 0, count, bodySize = NUMBER_SIZE }: NumberedOptions,
): Promise<void> {
  const template = publishFrames(1, { routingKey: queue }, Buffer.alloc(bodySize));
  const numberAt = template.length - 1 - bodySize;
  for (let first = from; first < from + count; first += BATCH) {
    const size = Math.min(BATCH, from + count - first);
    const batch = Buffer.alloc(template.length * size);
    for (let index = 0; index < size; index++) {
      template.writeUInt32BE(first + index, numberAt);
      template.copy(batch, index * template.length);
    }
    if (!client.write(batch)) await once(client.socket, "drain");
  }
}

interface NumberedOptions {
  readonly queue: string;
  readonly from?: number;
  readonly count: number;
  /** Bytes, at least 4, in one frame. */
  readonly bodySize?: number;
}
