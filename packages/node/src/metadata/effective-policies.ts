import type { QueueType } from "../queue/queue-config.ts";
import type { Emit } from "./events.ts";
import type { PolicySet } from "./policy-set.ts";
import type { EffectivePolicy, QueueRecord, ResourceKind } from "./records.ts";

const NO_POLICY: EffectivePolicy = Object.freeze({ policy: undefined, operatorPolicy: undefined });

/** Which of a vhost's policies apply to its exchanges and queues; kept up to date so that asking is one lookup. */
export class EffectivePolicies {
  readonly #policies: PolicySet;
  readonly #operatorPolicies: PolicySet;
  /** Only resources that a policy applies to: most vhosts have few policies or none. */
  readonly #exchanges = new Map<string, EffectivePolicy>();
  readonly #queues = new Map<string, EffectivePolicy>();

  constructor(policies: PolicySet, operatorPolicies: PolicySet) {
    this.#policies = policies;
    this.#operatorPolicies = operatorPolicies;
  }

  ofExchange(name: string): EffectivePolicy {
    return this.#exchanges.get(name) ?? NO_POLICY;
  }

  ofQueue(name: string): EffectivePolicy {
    return this.#queues.get(name) ?? NO_POLICY;
  }

  /** The policies that a queue will have which is about to be declared. */
  ofNewQueue({ type, name }: Pick<QueueRecord, "type" | "name">): EffectivePolicy {
    const kind = queueKind(type);
    const policy = this.#policies.match(kind, name);
    return { policy, operatorPolicy: this.#operatorPolicies.match(kind, name) };
  }

  addExchange(name: string): void {
    this.#update(this.#exchanges, "exchange", name);
  }

  addQueue(queue: QueueRecord): void {
    this.#update(this.#queues, queueKind(queue.type), queue.name);
  }

  deleteExchange(name: string): void {
    this.#exchanges.delete(name);
  }

  deleteQueue(name: string): void {
    this.#queues.delete(name);
  }

  /** After a policy changed: tells of every exchange and queue for which another one is in force now. Sorted lists. */
  refresh(
    vhost: string,
    exchanges: readonly { readonly name: string }[],
    queues: readonly QueueRecord[],
    emit: Emit,
  ): void {
    for (const { name } of exchanges) {
      if (this.#update(this.#exchanges, "exchange", name)) {
        emit({ type: "exchangeConfigChanged", vhost, name });
      }
    }
    for (const queue of queues) {
      if (this.#update(this.#queues, queueKind(queue.type), queue.name)) {
        emit({ type: "queueConfigChanged", vhost, name: queue.name });
      }
    }
  }

  /** true: it differs from before. */
  #update(known: Map<string, EffectivePolicy>, kind: ResourceKind, name: string): boolean {
    const before = known.get(name) ?? NO_POLICY;
    const policy = this.#policies.match(kind, name);
    const operatorPolicy = this.#operatorPolicies.match(kind, name);
    if (before.policy === policy && before.operatorPolicy === operatorPolicy) return false;
    if (policy === undefined && operatorPolicy === undefined) known.delete(name);
    else known.set(name, { policy, operatorPolicy });
    return true;
  }
}

function queueKind(type: QueueType): ResourceKind {
  return type === "quorum" ? "quorum_queue" : "classic_queue";
}
