import {
  checkTotalQueue,
  formatVerdict,
  type Operation,
  type QueueRules,
  type Verdict,
} from "@leveret/raft/history";
import { connect } from "amqplib";
import { Consumer, type ConsumerOptions } from "../clients/consumer.ts";
import { type ClientParts, Publisher, type PublisherOptions } from "../clients/publisher.ts";
import type { Finding, Workload, WorkloadFigures, WorkloadVerdict } from "./workload.ts";

interface QueuePlan {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly rules?: Partial<QueueRules>;
}

export interface QueueWorkloadOptions {
  readonly name: string;
  readonly plans: readonly QueuePlan[];
  readonly publishers: readonly PublisherOptions[];
  readonly consumers: readonly ConsumerOptions[];
  /** Of several consumers of a queue, only one gets messages. */
  readonly isExclusive?: boolean;
  /** Kinds of findings that are no fault here, and are only counted. */
  readonly permitted?: readonly string[];
}

/** Messages go through queues; everything confirmed comes out, once or marked. */
export class QueueWorkload implements Workload {
  readonly name: string;
  readonly #parts: ClientParts;
  readonly #options: QueueWorkloadOptions;
  readonly #publishers: readonly Publisher[];
  readonly #consumers: readonly Consumer[];

  constructor(parts: ClientParts, options: QueueWorkloadOptions) {
    this.name = options.name;
    this.#parts = parts;
    this.#options = options;
    this.#publishers = options.publishers.map((each) => new Publisher(parts, each));
    this.#consumers = options.consumers.map((each) => new Consumer(parts, each));
  }

  get queues(): readonly string[] {
    return this.#options.plans.map(({ name }) => name);
  }

  /** Each queue at a node of its own, where its leader is at first. */
  async declare(): Promise<void> {
    const { cluster } = this.#parts;
    for (const [index, plan] of this.#options.plans.entries()) {
      const node = (hashOf(plan.name) + index) % cluster.indices.length;
      const connection = await connect(cluster.urlOf(node));
      const channel = await connection.createChannel();
      await channel.assertQueue(plan.name, { durable: true, arguments: plan.arguments });
      await connection.close();
    }
  }

  async start(): Promise<void> {
    for (const client of [...this.#publishers, ...this.#consumers]) client.start();
  }

  mark(): void {
    for (const client of [...this.#publishers, ...this.#consumers]) client.mark();
  }

  get unserved(): readonly string[] {
    const publishers = this.#publishers.filter(({ isServed }) => !isServed);
    const waiting = this.#consumers.filter(({ isServed }) => !isServed);
    const consumers = this.#options.isExclusive === true ? this.#withoutAny(waiting) : waiting;
    return [
      ...publishers.map(({ queue }) => `a publisher of ${queue}`),
      ...consumers.map(({ queue }) => `a consumer of ${queue}`),
    ];
  }

  async goHome(): Promise<void> {
    await Promise.all([...this.#publishers, ...this.#consumers].map((client) => client.goHome()));
  }

  hold(): void {
    for (const publisher of this.#publishers) publisher.hold();
    for (const consumer of this.#consumers) consumer.isHoarding = false;
  }

  release(): void {
    for (const publisher of this.#publishers) publisher.release();
    for (const consumer of this.#consumers) consumer.isHoarding = true;
  }

  get isSettled(): boolean {
    return this.#publishers.every(({ hasOpen }) => !hasOpen);
  }

  get isIdle(): boolean {
    return this.#consumers.every(({ isIdle }) => isIdle);
  }

  async finish(): Promise<void> {
    // Everything is in the history.
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#publishers, ...this.#consumers].map((client) => client.stop()));
  }

  check(operations: readonly Operation[]): WorkloadVerdict {
    const queues = new Set(this.queues);
    const own = operations.filter(({ key }) => queues.has(key));
    const rules = this.#options.plans.map((plan) => [plan.name, plan.rules ?? {}]);
    const verdict = checkTotalQueue(own, { queues: Object.fromEntries(rules) });
    const all = findingsOf(verdict);
    const permitted = this.#options.permitted ?? [];
    const counted = all.filter(({ kind }) => permitted.includes(kind));
    return {
      findings: all.filter(({ kind }) => !permitted.includes(kind)),
      counts: {
        ...verdict.counts,
        ...Object.fromEntries(counted.map(({ kind, count }) => [kind, count])),
      },
    };
  }

  get figures(): WorkloadFigures {
    const figures = this.#publishers.map((each) => each.figures);
    const sum = (name: "published" | "confirmed" | "resent"): number =>
      figures.reduce((total, each) => total + each[name], 0);
    return {
      published: sum("published"),
      confirmed: sum("confirmed"),
      resent: sum("resent"),
      delivered: this.#consumers.reduce((total, { delivered }) => total + delivered, 0),
      longestGapMs: Math.max(0, ...figures.map(({ longestGapMs }) => longestGapMs)),
    };
  }

  /** Those whose queue serves none of its consumers. */
  #withoutAny(waiting: readonly Consumer[]): readonly Consumer[] {
    return waiting.filter(
      ({ queue }) => !this.#consumers.some((each) => each.queue === queue && each.isServed),
    );
  }
}

/** What a checker found, by kind, with what it is seen in. */
export function findingsOf(verdict: Verdict): Finding[] {
  const findings = Object.entries(verdict.problemCounts).map(([kind, count]) => {
    const problems = verdict.problems.filter((problem) => problem.kind === kind);
    const shown = {
      ...verdict,
      problems,
      problemCounts: { [kind]: count },
      doubts: [],
      counts: {},
    };
    return { kind, count, text: formatVerdict(shown) };
  });
  const { doubts } = verdict;
  if (doubts.length === 0) return findings;
  return [...findings, { kind: "not-shown", count: doubts.length, text: doubts.join("\n") }];
}

function hashOf(text: string): number {
  return [...text].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0);
}
