import { ControlError } from "@leveret/control";
import { type AppProgress, type NodeControl, RefusedError } from "@leveret/management";
import { queuesOf } from "../control/control-method.ts";
import type { ControlledNode } from "../control/controlled-node.ts";
import { OperationError } from "../control/operation-error.ts";
import { runningBroker } from "./running-broker.ts";

/** A drain waits for queues to change their leaders. */
const DRAIN_TIMEOUT_MS = 60_000;

/** Nodes and leaders in the hands of operators, as leveretctl has them. */
export class ClusterControl implements NodeControl {
  readonly #node: ControlledNode;

  constructor(node: ControlledNode) {
    this.#node = node;
  }

  get progress(): AppProgress {
    const { state, awaitedNodes } = this.#node;
    return { state, awaited: awaitedNodes };
  }

  drain(node: string): Promise<void> {
    return this.#at(node, "drain");
  }

  revive(node: string): Promise<void> {
    return this.#at(node, "revive");
  }

  transferLeadership(vhost: string, queue: string, node: string): Promise<void> {
    runningBroker(this.#node);
    return inApiWords(() => queuesOf(this.#node).transferLeadership(vhost, queue, node));
  }

  /** Here, or at another node that runs. */
  #at(name: string, method: "drain" | "revive"): Promise<void> {
    runningBroker(this.#node);
    if (name === this.#node.nodeName) return inApiWords(() => this.#node[method]());
    const other = this.#node.others.find((one) => one.name === name);
    if (other === undefined) {
      throw new RefusedError("no_such_object", `${name} is no other node that runs`);
    }
    return inApiWords(async () => {
      await other.call(method, {}, DRAIN_TIMEOUT_MS);
    });
  }
}

async function inApiWords(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    throw error instanceof OperationError || error instanceof ControlError ? refused(error) : error;
  }
}

function refused(cause: OperationError | ControlError): RefusedError {
  return new RefusedError("conflict", cause.message, { cause });
}
