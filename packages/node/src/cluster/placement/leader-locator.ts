import { type FieldTable, textOf } from "@leveret/amqp";
import type { PolicyRecord } from "../../metadata/records.ts";

/**
 * Where a new queue's leader is put. client-local: on the node that declares it. balanced: on the node with the fewest leaders.
 * random: anywhere, by the queue's name.
 */
export type LeaderLocator = "client-local" | "balanced" | "random";

/** The words of both generations of arguments, policies and configuration keys. */
const LOCATORS: Readonly<Record<string, LeaderLocator>> = {
  "client-local": "client-local",
  balanced: "balanced",
  "least-leaders": "balanced",
  "min-masters": "balanced",
  random: "random",
};

/**
 * The locator of a queue: argument before policy before operator policy before the node's configuration; in each, the key of
 * queue leaders before that of queue masters, which RabbitMQ 3.x also takes for classic queues.
 */
export function leaderLocatorOf(
  args: FieldTable,
  policies: readonly (PolicyRecord | undefined)[],
  configured: LeaderLocator = "client-local",
): LeaderLocator {
  const words = [
    textOf(args.get("x-queue-leader-locator")),
    textOf(args.get("x-queue-master-locator")),
    ...policies.flatMap((policy) => [
      policy?.definition.get("queue-leader-locator"),
      policy?.definition.get("queue-master-locator"),
    ]),
  ];
  for (const word of words) {
    const locator = typeof word === "string" ? LOCATORS[word] : undefined;
    if (locator !== undefined) return locator;
  }
  return configured;
}
