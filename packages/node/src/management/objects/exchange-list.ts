import type {
  JsonObject,
  ObjectList,
  ObjectOptions,
  ObjectRef,
  ObjectScope,
} from "@leveret/management";
import type { RunningNode } from "../../control/control-method.ts";
import { exchangeColumns } from "./exchange-object.ts";
import { allInSlices } from "./node-slices.ts";
import { columnValue, objectOf } from "./object-columns.ts";
import { SortedNames } from "./sorted-names.ts";

/** Exchanges: every node knows all of them. */
export class ExchangeList implements ObjectList {
  readonly #running: () => RunningNode;
  readonly #names = new SortedNames(({ exchanges }) => exchanges);

  constructor(running: () => RunningNode) {
    this.#running = running;
  }

  async refs(scope: ObjectScope): Promise<readonly ObjectRef[]> {
    return this.#names.refs(this.#running().broker, scope);
  }

  values(
    refs: readonly ObjectRef[],
    path: readonly string[],
  ): Promise<readonly JsonObject[string][]> {
    const { metadata } = this.#running().broker.administration;
    const columns = exchangeColumns(metadata);
    return allInSlices(refs, ({ vhost, name }) => {
      const exchange = metadata.exchange(vhost, name);
      return exchange && columnValue(columns, exchange, path);
    });
  }

  objects(
    refs: readonly ObjectRef[],
    { keys }: ObjectOptions,
  ): Promise<readonly (JsonObject | undefined)[]> {
    const { metadata } = this.#running().broker.administration;
    const columns = exchangeColumns(metadata);
    return allInSlices(refs, ({ vhost, name }) => {
      const exchange = metadata.exchange(vhost, name);
      return exchange && objectOf(columns, exchange, keys);
    });
  }
}
