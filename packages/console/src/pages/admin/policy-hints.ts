import { t } from "../../i18n/translate.ts";
import type { ArgumentHint } from "../../ui/arguments-field.tsx";

/** What operator policies may set: limits. */
export function operatorHints(): readonly ArgumentHint[] {
  return [
    {
      key: "message-ttl",
      type: "number",
      text: t("Message TTL"),
      help: t("Milliseconds a message may wait in the queue before it expires."),
    },
    {
      key: "expires",
      type: "number",
      text: t("Auto expire"),
      help: t(
        "Milliseconds without any use (consumer, get, declare) after which the whole queue is deleted.",
      ),
    },
    {
      key: "max-length",
      type: "number",
      text: t("Max length"),
      help: t(
        "Messages the queue holds at most; what comes then is decided by the overflow behaviour.",
      ),
    },
    {
      key: "max-length-bytes",
      type: "number",
      text: t("Max length bytes"),
      help: t("Bytes of message bodies the queue holds at most."),
    },
    {
      key: "delivery-limit",
      type: "number",
      text: t("Delivery limit"),
      help: t(
        "How often a message is delivered again before it becomes a dead letter. Stops a message that makes its consumer crash.",
      ),
    },
  ];
}

/** What policies may set. */
export function policyHints(): readonly ArgumentHint[] {
  return [
    ...operatorHints(),
    {
      key: "overflow",
      type: "string",
      text: t("Overflow behaviour"),
      choices: ["drop-head", "reject-publish", "reject-publish-dlx"],
      help: t(
        "At its limit the queue drops its oldest message (drop-head) or refuses the new one, so that the publisher gets a nack (reject-publish).",
      ),
    },
    {
      key: "dead-letter-exchange",
      type: "string",
      text: t("Dead letter exchange"),
      help: t(
        "Exchange to which messages go that expire, are rejected, or are dropped at the limit.",
      ),
    },
    {
      key: "dead-letter-routing-key",
      type: "string",
      text: t("Dead letter routing key"),
      help: t("Routing key of dead letters; without it they keep their own."),
    },
    {
      key: "alternate-exchange",
      type: "string",
      text: t("Alternate exchange"),
      help: t("Exchange to which messages go that match no binding here."),
    },
    {
      key: "ha-mode",
      type: "string",
      text: t("Mirroring"),
      choices: ["all", "exactly", "nodes"],
      help: t(
        "Keeps classic queues on several nodes: on all, on exactly as many as ha-params says, or on the nodes that ha-params lists.",
      ),
    },
    {
      key: "ha-params",
      type: "json",
      text: t("Mirroring: how many or where"),
      help: t("A number for ha-mode exactly, a list of node names for nodes."),
    },
    {
      key: "ha-sync-mode",
      type: "string",
      text: t("Mirroring: synchronise"),
      choices: ["automatic", "manual"],
      help: t("Whether new mirrors get the messages from before by themselves."),
    },
    {
      key: "queue-leader-locator",
      type: "string",
      text: t("Leader locator"),
      choices: ["client-local", "balanced"],
      help: t(
        "Where the leader of a new queue is put: at the node of the client, or where the fewest are.",
      ),
    },
  ];
}
