import {
  decodeBasicProperties,
  type FieldTable,
  type FieldValue,
  patchProperties,
} from "@leveret/amqp";
import type { Message } from "../queue/message.ts";

const DELIVERY_COUNT = "x-delivery-count";

/** The message's properties with the x-delivery-count header of quorum queues. */
export function withDeliveryCount(message: Message, deliveryCount: number): Buffer {
  const { bytes, propertiesStart, propertiesEnd } = message;
  const properties = decodeBasicProperties(bytes, propertiesStart, propertiesEnd);
  const headers = new Map<string, FieldValue>(properties.headers ?? (new Map() as FieldTable));
  headers.delete(DELIVERY_COUNT);
  headers.set(DELIVERY_COUNT, { type: "long", value: deliveryCount });
  return patchProperties(bytes, propertiesStart, propertiesEnd, { headers });
}
