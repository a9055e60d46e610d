import { t } from "../../i18n/translate.ts";
import type { ArgumentHint } from "../../ui/arguments-field.tsx";

/** Arguments of queues that the form offers. */
export function queueHints(type: string): readonly ArgumentHint[] {
  return [...messageHints(), ...(type === "quorum" ? quorumHints() : classicHints())];
}

function messageHints(): readonly ArgumentHint[] {
  return [
    {
      key: "x-message-ttl",
      type: "number",
      text: t("Message TTL"),
      help: t("Milliseconds a message may wait in the queue before it expires."),
    },
    {
      key: "x-expires",
      type: "number",
      text: t("Auto expire"),
      help: t(
        "Milliseconds without any use (consumer, get, declare) after which the whole queue is deleted.",
      ),
    },
    {
      key: "x-max-length",
      type: "number",
      text: t("Max length"),
      help: t(
        "Messages the queue holds at most; what comes then is decided by the overflow behaviour.",
      ),
    },
    {
      key: "x-max-length-bytes",
      type: "number",
      text: t("Max length bytes"),
      help: t("Bytes of message bodies the queue holds at most."),
    },
    {
      key: "x-overflow",
      type: "string",
      text: t("Overflow behaviour"),
      choices: ["drop-head", "reject-publish", "reject-publish-dlx"],
      help: t(
        "At its limit the queue drops its oldest message (drop-head) or refuses the new one, so that the publisher gets a nack (reject-publish).",
      ),
    },
    {
      key: "x-dead-letter-exchange",
      type: "string",
      text: t("Dead letter exchange"),
      help: t(
        "Exchange to which messages go that expire, are rejected, or are dropped at the limit.",
      ),
    },
    {
      key: "x-dead-letter-routing-key",
      type: "string",
      text: t("Dead letter routing key"),
      help: t("Routing key of dead letters; without it they keep their own."),
    },
    {
      key: "x-single-active-consumer",
      type: "boolean",
      text: t("Single active consumer"),
      choices: ["true", "false"],
      help: t(
        "Only one consumer is served at a time; when it leaves the next takes over. Keeps the order with several consumers.",
      ),
    },
    {
      key: "x-queue-leader-locator",
      type: "string",
      text: t("Leader locator"),
      choices: ["client-local", "balanced"],
      help: t(
        "Where the leader of a new queue is put: at the node of the client, or where the fewest are.",
      ),
    },
  ];
}

function classicHints(): readonly ArgumentHint[] {
  return [
    {
      key: "x-max-priority",
      type: "number",
      text: t("Max priority"),
      help: t(
        "Highest priority of messages, 1 to 255; higher ones overtake lower ones. Few levels serve best.",
      ),
    },
    {
      key: "x-queue-mode",
      type: "string",
      text: t("Lazy mode"),
      choices: ["lazy", "default"],
      help: t(
        "A mark of RabbitMQ for queues that keep messages on disk; accepted for compatibility.",
      ),
    },
  ];
}

function quorumHints(): readonly ArgumentHint[] {
  return [
    {
      key: "x-delivery-limit",
      type: "number",
      text: t("Delivery limit"),
      help: t(
        "How often a message is delivered again before it becomes a dead letter. Stops a message that makes its consumer crash.",
      ),
    },
    {
      key: "x-quorum-initial-group-size",
      type: "number",
      text: t("Initial group size"),
      help: t("On how many nodes the new queue is kept; odd numbers make sense."),
    },
  ];
}
