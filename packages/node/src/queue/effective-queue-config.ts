import { type FieldTable, textOf } from "@leveret/amqp";
import type { PolicyDefinition } from "../metadata/records.ts";
import { safeIntegerOf } from "./queue-arguments.ts";
import type { OverflowBehaviour, QueueConfig, QueueType } from "./queue-config.ts";

/** Where a queue's settings come from, in RabbitMQ's order of precedence. */
interface SettingSources {
  readonly args: FieldTable;
  readonly policy: PolicyDefinition | undefined;
  readonly operatorPolicy: PolicyDefinition | undefined;
}

/**
 * Merges a queue's arguments, its policy and its operator policy (RabbitMQ: rabbit_queue_type_util and
 * rabbit_policy): of numeric limits the smallest wins; of everything else the argument, then the policy. An operator
 * policy counts only for the limits it may set, which are all numeric.
 */
export function effectiveQueueConfig(
  type: QueueType,
  autoDelete: boolean,
  args: FieldTable,
  policy: PolicyDefinition | undefined,
  operatorPolicy: PolicyDefinition | undefined,
): QueueConfig {
  const sources: SettingSources = { args, policy, operatorPolicy };
  const singleActive = args.get("x-single-active-consumer");
  return {
    type,
    autoDelete,
    messageTtlMs: smallest(sources, "message-ttl"),
    expiresMs: smallest(sources, "expires"),
    maxLength: smallest(sources, "max-length"),
    maxLengthBytes: smallest(sources, "max-length-bytes"),
    overflow: overflowOf(type, sources),
    deadLetterExchange: firstText(sources, "dead-letter-exchange"),
    deadLetterRoutingKey: firstText(sources, "dead-letter-routing-key"),
    maxPriority: type === "classic" ? safeIntegerOf(args.get("x-max-priority")) : undefined,
    singleActiveConsumer: singleActive?.type === "bool" && singleActive.value,
    deliveryLimit: type === "quorum" ? smallest(sources, "delivery-limit") : undefined,
  };
}

/** The smallest of the limits that are set; undefined: none is. Negative ones do not limit. */
function smallest(sources: SettingSources, key: string): number | undefined {
  const limits = [
    safeIntegerOf(sources.args.get(`x-${key}`)),
    sources.policy?.get(key),
    sources.operatorPolicy?.get(key),
  ].filter((limit) => typeof limit === "number" && limit >= 0);
  return limits.length === 0 ? undefined : Math.min(...limits.map(Number));
}

function firstText(sources: SettingSources, key: string): string | undefined {
  const argument = textOf(sources.args.get(`x-${key}`));
  if (argument !== undefined) return argument;
  const value = sources.policy?.get(key);
  return typeof value === "string" ? value : undefined;
}

/** Quorum queues know no reject-publish-dlx: RabbitMQ accepts it for them and drops heads. */
function overflowOf(type: QueueType, sources: SettingSources): OverflowBehaviour {
  const overflow = firstText(sources, "overflow");
  if (overflow === "reject-publish") return overflow;
  if (overflow === "reject-publish-dlx" && type === "classic") return overflow;
  return "drop-head";
}
