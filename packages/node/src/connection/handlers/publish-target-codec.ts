import { decodeMethod } from "@leveret/amqp";
import { messageRouting } from "../../queue/message.ts";
import type { PublishTarget } from "../publish-target.ts";

/** Decodes the payload of a basic.publish method. @throws ConnectionError when it cannot be decoded */
export function decodePublishTarget(payload: Buffer): PublishTarget {
  const method = decodeMethod(payload, 0, payload.length);
  if (method.name !== "basic.publish") throw new TypeError(`not a publish: ${method.name}`);
  return {
    routing: messageRouting(method.exchange, method.routingKey),
    mandatory: method.mandatory,
    immediate: method.immediate,
    version: -1,
    exchange: undefined,
    sinks: undefined,
    flows: [],
    counts: undefined,
    isTopic: false,
  };
}
