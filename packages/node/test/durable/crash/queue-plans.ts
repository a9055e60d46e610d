import type { QueueRules } from "@leveret/raft/history";
import type { Options } from "amqplib";

const DAY_MS = 86_400_000;
const LENGTH_MAX = 2000;
const PRIORITY_MAX = 5;

/** A durable queue of the crash test. */
export interface QueuePlan {
  readonly name: string;
  /** Published to with the queue's name as routing key; "": the default exchange. */
  readonly exchange: string;
  readonly options: Options.AssertQueue;
  readonly rules: Partial<QueueRules>;
  /** Persists transient messages, too (RabbitMQ, "Quorum Queues", Feature Comparison). */
  readonly keepsTransient: boolean;
  /** May refuse messages when it is full. */
  readonly mayRefuse: boolean;
  /** Messages get priorities from 0 to this. */
  readonly priorityMax: number;
}

const PLAIN = {
  exchange: "",
  options: { durable: true },
  rules: {},
  keepsTransient: false,
  mayRefuse: false,
  priorityMax: 0,
} as const satisfies Omit<QueuePlan, "name">;

/** The durable exchange of `ROUTED`. */
export const EXCHANGE = "crash-topic";

/** Written in transactions, all others with confirms. */
export const TX_QUEUE = "crash-tx";

/** None of them loses a message by its own rules, but for `crash-dropping`, which takes part in all checks but that of loss. */
export const QUEUE_PLANS: readonly QueuePlan[] = [
  { ...PLAIN, name: "crash-classic" },
  { ...PLAIN, name: "crash-routed", exchange: EXCHANGE },
  {
    ...PLAIN,
    name: "crash-priority",
    options: { durable: true, maxPriority: PRIORITY_MAX },
    priorityMax: PRIORITY_MAX,
  },
  {
    ...PLAIN,
    name: "crash-ttl",
    options: { durable: true, messageTtl: DAY_MS },
    rules: { ttlMs: DAY_MS },
  },
  {
    ...PLAIN,
    name: "crash-limited",
    options: {
      durable: true,
      maxLength: LENGTH_MAX,
      arguments: { "x-overflow": "reject-publish" },
    },
    mayRefuse: true,
  },
  {
    ...PLAIN,
    name: "crash-dropping",
    options: { durable: true, maxLength: LENGTH_MAX },
    rules: { mayDrop: true },
  },
  {
    ...PLAIN,
    name: "crash-quorum",
    options: { durable: true, arguments: { "x-queue-type": "quorum" } },
    keepsTransient: true,
  },
  { ...PLAIN, name: TX_QUEUE },
];

/** What must be gone after a restart. */
export const TRANSIENT_QUEUE = "crash-transient";
export const TRANSIENT_EXCHANGE = "crash-transient-exchange";

/** Gets one message after everything else, so that its confirm tells that what came before is on the disk. */
export const BARRIER_QUEUE = "crash-barrier";
