import type { ObjectRef, ObjectScope } from "@leveret/management";
import type { BrokerNode } from "../../broker/broker-node.ts";
import type { VirtualHostState } from "../../metadata/virtual-host-state.ts";

/**
 * Names of queues or exchanges in the order in which they are listed. Remembered until the topology changes: a page of a list costs no sorting
 * then.
 */
export class SortedNames {
  readonly #mapOf: (state: VirtualHostState) => ReadonlyMap<string, unknown>;
  #version = -1;
  #broker: BrokerNode | undefined;
  readonly #known = new Map<string, readonly ObjectRef[]>();

  constructor(mapOf: (state: VirtualHostState) => ReadonlyMap<string, unknown>) {
    this.#mapOf = mapOf;
  }

  refs(node: BrokerNode, { vhost, name }: ObjectScope): readonly ObjectRef[] {
    const { metadata } = node.administration;
    if (vhost !== undefined) {
      const state = metadata.vhost(vhost);
      if (state === undefined) return [];
      if (name === undefined) return this.#sorted(node, state);
      return this.#mapOf(state).has(name) ? [{ vhost, name }] : [];
    }
    return metadata.vhosts().flatMap((state) => {
      const own = state.record.name;
      if (name === undefined) return this.#sorted(node, state);
      return this.#mapOf(state).has(name) ? [{ vhost: own, name }] : [];
    });
  }

  #sorted(node: BrokerNode, state: VirtualHostState): readonly ObjectRef[] {
    const { topologyVersion } = node.broker;
    if (this.#version !== topologyVersion || this.#broker !== node) {
      this.#known.clear();
      this.#version = topologyVersion;
      this.#broker = node;
    }
    const vhost = state.record.name;
    let refs = this.#known.get(vhost);
    if (refs === undefined) {
      // The order of strings without a function of one's own is many times as fast.
      const names = Array.from(this.#mapOf(state).keys()).sort();
      refs = names.map((name) => ({ vhost, name }));
      this.#known.set(vhost, refs);
    }
    return refs;
  }
}
