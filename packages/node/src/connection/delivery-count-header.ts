import {
  decodeBasicProperties,
  encodeBasicProperties,
  type FieldTable,
  type FieldValue,
} from "@leveret/amqp";
import type { Message } from "../queue/message.ts";

const DELIVERY_COUNT = "x-delivery-count";

/** The message's properties with the x-delivery-count header of quorum queues. */
export function withDeliveryCount(message: Message, deliveryCount: number): Buffer {
  const properties = decodeBasicProperties(
    message.bytes,
    message.propertiesStart,
    message.propertiesEnd,
  );
  const headers = new Map<string, FieldValue>(properties.headers ?? (new Map() as FieldTable));
  headers.delete(DELIVERY_COUNT);
  headers.set(DELIVERY_COUNT, { type: "long", value: deliveryCount });
  return encodeBasicProperties({ ...properties, headers });
}
