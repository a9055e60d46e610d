import type { Operation } from "@leveret/raft/history";
import { connect } from "amqplib";
import { Random } from "../../../packages/raft/src/core/random.ts";
import { explainPriorities, type Prioritised } from "../checks/check-priorities.ts";
import type { ClientParts } from "../clients/publisher.ts";
import { until } from "../until.ts";
import { QueueWorkload, type QueueWorkloadOptions } from "./queue-workload.ts";
import type { WorkloadVerdict } from "./workload.ts";

export const PRIORITY_MAX = 5;
const MESSAGES = 200;

/** Messages of several priorities; at the end it is seen in which order a queue that has many gives them. */
export class PriorityWorkload extends QueueWorkload {
  readonly #parts: ClientParts;
  readonly #seed: number;
  #problem: string | undefined = "the order was not looked at";

  constructor(parts: ClientParts, seed: number, options: QueueWorkloadOptions) {
    super(parts, options);
    this.#parts = parts;
    this.#seed = seed;
  }

  /** Publishes by one node what it then gets by another. */
  override async finish(): Promise<void> {
    await this.stop();
    const [queue = ""] = this.queues;
    const published = await this.#publish(queue);
    const delivered = await this.#consume(queue, published.length);
    this.#problem = explainPriorities(published, delivered);
  }

  override check(operations: readonly Operation[]): WorkloadVerdict {
    const { findings, counts } = super.check(operations);
    if (this.#problem === undefined) return { findings, counts };
    const disorder = { kind: "priorities", count: 1, text: this.#problem };
    return { findings: [...findings, disorder], counts };
  }

  async #publish(queue: string): Promise<Prioritised[]> {
    const { cluster } = this.#parts;
    const random = new Random(this.#seed);
    const messages = Array.from({ length: MESSAGES }, (_, nth) => ({
      message: `priority.${nth}`,
      priority: random.below(PRIORITY_MAX + 1),
    }));
    const connection = await connect(cluster.urlOf(0));
    const channel = await connection.createConfirmChannel();
    for (const { message, priority } of messages) {
      const properties = { messageId: message, persistent: true, priority };
      channel.sendToQueue(queue, Buffer.from(message), properties);
    }
    await channel.waitForConfirms();
    await connection.close();
    return messages;
  }

  async #consume(queue: string, count: number): Promise<string[]> {
    const { cluster } = this.#parts;
    const delivered: string[] = [];
    const connection = await connect(cluster.urlOf(1));
    const channel = await connection.createChannel();
    await channel.prefetch(1);
    await channel.consume(queue, (delivery) => {
      if (delivery === null) return;
      delivered.push(String(delivery.properties.messageId));
      channel.ack(delivery);
    });
    await until("messages in the order of their priorities", () => delivered.length >= count);
    await connection.close();
    return delivered;
  }
}
