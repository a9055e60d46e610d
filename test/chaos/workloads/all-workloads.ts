import type { ClientParts } from "../clients/publisher.ts";
import type { Product } from "../cluster/chaos-cluster.ts";
import { DeadLetterWorkload } from "./dead-letter-workload.ts";
import { MetadataWorkload } from "./metadata-workload.ts";
import { PRIORITY_MAX, PriorityWorkload } from "./priority-workload.ts";
import { MIRRORED, QUORUM } from "./queue-names.ts";
import { QueueWorkload, type QueueWorkloadOptions } from "./queue-workload.ts";
import { SingleActiveWorkload } from "./single-active-workload.ts";
import { TransactionWorkload } from "./transaction-workload.ts";
import type { Workload } from "./workload.ts";

const QUORUM_ARGUMENTS = { "x-queue-type": "quorum" } as const;
const SINGLE_ACTIVE = "chaos-mirrored-single-active";
const PRIORITY = "chaos-mirrored-priority";
const TRANSACTIONS = "chaos-mirrored-transactions";

export interface WorkloadContext {
  readonly parts: ClientParts;
  readonly seed: number;
  /** Messages a second of each publisher. */
  readonly rate: number;
  /** A Python that has pika. */
  readonly python: string;
  /** Publishers take what they have sent for confirmed, so that there is something to be found. */
  readonly isCredulous: boolean;
}

/** By name. */
export const WORKLOADS: { readonly [name: string]: (context: WorkloadContext) => Workload } = {
  mirrored: (context) =>
    new QueueWorkload(
      context.parts,
      everywhere(context, "mirrored", { name: MIRRORED, arguments: {} }),
    ),
  quorum: (context) =>
    new QueueWorkload(
      context.parts,
      everywhere(context, "quorum", { name: QUORUM, arguments: QUORUM_ARGUMENTS }),
    ),
  "dead-letter": ({ parts, rate }) => new DeadLetterWorkload(parts, rate),
  "single-active": (context) => new SingleActiveWorkload(context.parts, singleActive(context)),
  priority: (context) => new PriorityWorkload(context.parts, context.seed, priorities(context)),
  transactions,
  metadata: ({ parts, seed }) => new MetadataWorkload(parts, seed),
};

export const WORKLOAD_NAMES: readonly string[] = Object.keys(WORKLOADS);

/** What the comparison is about: RabbitMQ's two kinds of replicated queues. */
export const WORKLOADS_OF: Readonly<Record<Product, readonly string[]>> = {
  leveret: WORKLOAD_NAMES,
  rabbitmq: ["mirrored", "quorum"],
};

/** A publisher and a consumer at each node. */
function everywhere(
  { parts, rate, isCredulous }: WorkloadContext,
  name: string,
  plan: QueueWorkloadOptions["plans"][number],
): QueueWorkloadOptions {
  const homes = parts.cluster.indices;
  return {
    name,
    plans: [plan],
    publishers: homes.map((home) => ({ queue: plan.name, home, rate, isCredulous })),
    consumers: homes.map((home) => ({ queue: plan.name, home })),
  };
}

function singleActive({ parts, rate }: WorkloadContext): QueueWorkloadOptions {
  const plan = { name: SINGLE_ACTIVE, arguments: { "x-single-active-consumer": true } };
  const [, second = 0] = parts.cluster.indices;
  return {
    name: "single-active",
    plans: [plan],
    publishers: [{ queue: plan.name, home: second, rate }],
    consumers: parts.cluster.indices.map((home) => ({ queue: plan.name, home })),
    isExclusive: true,
  };
}

function priorities({ parts, rate }: WorkloadContext): QueueWorkloadOptions {
  const [first = 0, second = 0, third = 0] = parts.cluster.indices;
  const priorityOf = (nth: number): number => nth % (PRIORITY_MAX + 1);
  return {
    name: "priority",
    plans: [
      {
        name: PRIORITY,
        arguments: { "x-max-priority": PRIORITY_MAX },
        rules: { isOrdered: false },
      },
    ],
    publishers: [{ queue: PRIORITY, home: third, rate, priorityOf }],
    consumers: [
      { queue: PRIORITY, home: first },
      { queue: PRIORITY, home: second },
    ],
  };
}

function transactions({ parts, seed, rate, python }: WorkloadContext): Workload {
  const [first = 0, second = 0] = parts.cluster.indices;
  const queue = TRANSACTIONS;
  return new TransactionWorkload(
    parts,
    { python, seed, rate, queue },
    {
      name: "transactions",
      plans: [{ name: queue, arguments: {} }],
      publishers: [],
      consumers: [
        { queue, home: first },
        { queue, home: second },
      ],
    },
  );
}
