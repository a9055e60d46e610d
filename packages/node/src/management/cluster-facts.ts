import type {
  AuthAttempts,
  FeatureFlag,
  Identity,
  JsonObject,
  ListenerFacts,
  NodeFacts,
  NodesOptions,
  ProductFacts,
} from "@leveret/management";
import type { ControlledNode } from "../control/controlled-node.ts";
import { environmentOf } from "../control/node-methods.ts";
import { askIfThere } from "../control/whole-cluster.ts";
import { PRODUCT } from "../product.ts";
import { EXCHANGE_TYPE_FACTS } from "./exchange-type-facts.ts";
import { FEATURE_FLAGS } from "./feature-flags.ts";
import { attemptsAt } from "./management-methods.ts";
import { nodeObject } from "./node-object.ts";
import { refusedBecause } from "./refused-change.ts";
import { runningBroker } from "./running-broker.ts";

/** This node and its cluster. */
export class ClusterFacts implements NodeFacts {
  readonly featureFlags: readonly FeatureFlag[] = FEATURE_FLAGS;
  readonly #node: ControlledNode;

  constructor(node: ControlledNode) {
    this.#node = node;
  }

  get nodeName(): string {
    return this.#node.nodeName;
  }

  get isRunning(): boolean {
    return this.#node.broker !== undefined;
  }

  get product(): ProductFacts {
    const product = this.#node.broker?.config.product;
    return {
      productName: product?.name ?? PRODUCT.name,
      productVersion: PRODUCT.productVersion,
      rabbitmqVersion: product?.version ?? PRODUCT.version,
      platform: PRODUCT.platform,
      exchangeTypes: EXCHANGE_TYPE_FACTS,
    };
  }

  runningNames(): readonly string[] {
    const { broker, others, nodeName } = this.#node;
    const names = others.map(({ name }) => name);
    return (broker === undefined ? names : [...names, nodeName]).toSorted();
  }

  memberNames(): readonly string[] {
    const { metadata } = runningBroker(this.#node).administration;
    const names = metadata.members().map(({ name }) => name);
    return names.length === 0 ? [this.nodeName] : names.toSorted();
  }

  async listeners(): Promise<readonly ListenerFacts[]> {
    const { listeners } = await this.#node.clusterStatus();
    return listeners.map(({ node, protocol, interface: place, port }) => {
      return { node, protocol, port, address: place.replaceAll(/[[\]]/g, "") };
    });
  }

  async nodes({ only, windows }: NodesOptions): Promise<readonly JsonObject[]> {
    const broker = runningBroker(this.#node);
    const names = this.memberNames().filter((name) => only === undefined || name === only);
    const { partitions } = await this.#node.clusterStatus();
    return Promise.all(
      names.map(async (name) => {
        if (name === this.nodeName) {
          const own = nodeObject({ node: this.#node, broker }, windows);
          return { ...own, partitions: partitions[name] ?? [] };
        }
        const other = this.#node.others.find((one) => one.name === name);
        const answer = other && (await askIfThere(other, "management_node", { windows }));
        if (answer === undefined) return { name, type: "disc", running: false };
        // The other node's handler of the same method has made it.
        return { ...(answer as JsonObject), partitions: partitions[name] ?? [] };
      }),
    );
  }

  effectiveConfiguration(): JsonObject {
    // Made by JSON.parse, of an object.
    return environmentOf(runningBroker(this.#node).config) as JsonObject;
  }

  async authAttempts(
    node: string,
    bySource: boolean,
  ): Promise<readonly AuthAttempts[] | undefined> {
    const broker = runningBroker(this.#node);
    if (node === this.nodeName) return attemptsAt(broker, { bySource });
    const other = this.#node.others.find(({ name }) => name === node);
    const answer = other && (await askIfThere(other, "auth_attempts", { bySource }));
    // The other node's handler of the same method has made it.
    return answer as readonly AuthAttempts[] | undefined;
  }

  async resetAuthAttempts(node: string): Promise<boolean> {
    const { broker } = runningBroker(this.#node);
    if (node === this.nodeName) {
      broker.authAttempts.reset();
      return true;
    }
    const other = this.#node.others.find(({ name }) => name === node);
    if (other === undefined) return false;
    await askIfThere(other, "reset_auth_attempts", {});
    return true;
  }

  async rebalanceQueues(_by: Identity): Promise<void> {
    const { queues } = this.#node;
    if (queues === undefined) return;
    const all = { vhostPattern: ".*", queuePattern: ".*" };
    try {
      await queues.rebalance("all", all);
    } catch (error) {
      throw refusedBecause("conflict", error);
    }
  }
}
