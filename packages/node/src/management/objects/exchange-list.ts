import type {
  JsonObject,
  ObjectList,
  ObjectOptions,
  ObjectRef,
  ObjectScope,
} from "@leveret/management";
import type { RunningNode } from "../../control/control-method.ts";
import { exchangeColumns } from "./exchange-object.ts";
import { collected, inSlices } from "./node-slices.ts";
import { columnValue, objectOf } from "./object-columns.ts";

/** Exchanges: every node knows all of them. */
export class ExchangeList implements ObjectList {
  readonly #running: () => RunningNode;

  constructor(running: () => RunningNode) {
    this.#running = running;
  }

  refs({ vhost, name }: ObjectScope): Promise<readonly ObjectRef[]> {
    const { metadata } = this.#running().broker.administration;
    const vhosts = vhost === undefined ? metadata.vhosts() : [metadata.vhost(vhost)];
    const found: ObjectRef[] = [];
    for (const state of vhosts) {
      if (name === undefined) found.push(...(state?.exchanges.values() ?? []));
      else if (state?.exchanges.has(name) === true) found.push({ vhost: state.record.name, name });
    }
    return Promise.resolve(found);
  }

  values(
    refs: readonly ObjectRef[],
    path: readonly string[],
  ): Promise<readonly JsonObject[string][]> {
    const { metadata } = this.#running().broker.administration;
    const columns = exchangeColumns(metadata);
    return collected(
      inSlices(refs, ({ vhost, name }) => {
        const exchange = metadata.exchange(vhost, name);
        return exchange && columnValue(columns, exchange, path);
      }),
    );
  }

  objects(
    refs: readonly ObjectRef[],
    _options: ObjectOptions,
  ): Promise<readonly (JsonObject | undefined)[]> {
    const { metadata } = this.#running().broker.administration;
    const columns = exchangeColumns(metadata);
    return collected(
      inSlices(refs, ({ vhost, name }) => {
        const exchange = metadata.exchange(vhost, name);
        return exchange && objectOf(columns, exchange);
      }),
    );
  }
}
