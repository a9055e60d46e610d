import * as v from "valibot";
import {
  PEEK_COUNT_MAX,
  SHOWN_BODY_DEFAULT,
  SHOWN_BODY_MAX,
  TAIL_MESSAGES_DEFAULT,
  TAIL_MESSAGES_MAX,
} from "./control-limits.ts";
import { type NodeMethods, whileRunning } from "./control-method.ts";
import { explainPublish } from "./explain-publish.ts";
import { VHOST } from "./method-params.ts";
import { peekMessages } from "./peek-messages.ts";
import { tailMessages } from "./tail-messages.ts";

/** Asked by an operator, a node answers wherever the queue is led; asked by another node, it has to lead it. */
const QUEUE = { ...VHOST, name: v.string(), local: v.optional(v.boolean(), false) };
const BODY_MAX = v.optional(between(0, SHOWN_BODY_MAX), SHOWN_BODY_DEFAULT);

function between(least: number, most: number): v.GenericSchema<number, number> {
  return v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
}

/** What operators may see of messages, which stay where they are. */
export const MESSAGE_METHODS: NodeMethods = {
  /** Rows are PeekedMessages. */
  peek_messages: whileRunning(
    v.object({
      ...QUEUE,
      offset: v.optional(between(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), 0),
      count: v.optional(between(1, PEEK_COUNT_MAX), 1),
      bodyMax: BODY_MAX,
    }),
    (running, asked, { signal }) => peekMessages(running, asked, signal),
  ),
  /** Rows are TailRows, until the caller cancels. */
  tail_messages: whileRunning(
    v.object({
      ...QUEUE,
      bodyMax: BODY_MAX,
      countMax: v.optional(between(1, TAIL_MESSAGES_MAX), TAIL_MESSAGES_DEFAULT),
    }),
    (running, asked, { signal }) => tailMessages(running, asked, signal),
  ),
  /** A PublishExplanation. */
  explain_publish: whileRunning(
    v.object({
      ...VHOST,
      exchange: v.string(),
      routingKey: v.string(),
      headers: v.optional(v.record(v.string(), v.unknown()), {}),
      user: v.optional(v.string()),
      expirationMs: v.optional(between(0, Number.MAX_SAFE_INTEGER)),
    }),
    (running, asked) => explainPublish(running, asked),
  ),
};
