import type {
  JsonObject,
  ObjectList,
  ObjectOptions,
  ObjectRef,
  ObjectScope,
} from "@leveret/management";
import type { RunningNode } from "../control/control-method.ts";
import type { OtherNode } from "../control/controlled-node.ts";
import {
  type ObjectId,
  type ObjectPart,
  objectParts,
  type PartOptions,
  type StatisticsKind,
} from "./object-statistics.ts";
import { rowsOf } from "./objects/ask-others.ts";
import { inSlices } from "./objects/node-slices.ts";
import { STATISTICS_KEYS, statisticsObject } from "./statistics-objects.ts";

/** What a node knows of the object at this place in the question. */
export type PartRow = readonly [at: number, part: ObjectPart];
/** The value of the object at this place; those that are 0 are left out. */
export type ValueRow = readonly [at: number, value: number];

/** A list of objects, with what statistics say of them: counts and rates of all nodes together. */
export class ListWithStatistics implements ObjectList {
  readonly #kind: StatisticsKind;
  readonly #list: ObjectList;
  readonly #running: () => RunningNode;

  constructor(kind: StatisticsKind, list: ObjectList, running: () => RunningNode) {
    this.#kind = kind;
    this.#list = list;
    this.#running = running;
  }

  refs(scope: ObjectScope): Promise<readonly ObjectRef[]> {
    return this.#list.refs(scope);
  }

  async values(
    refs: readonly ObjectRef[],
    path: readonly string[],
  ): Promise<readonly JsonObject[string][]> {
    const kind = this.#kind;
    if (!STATISTICS_KEYS[kind].includes(path[0] ?? "")) return this.#list.values(refs, path);
    const running = this.#running();
    const sums: number[] = refs.map(() => 0);
    await this.#ask<ValueRow>(refs, {
      own: (ids) => ownValues(running, kind, ids, path),
      method: "statistics_values",
      params: { path },
      note: (at, value) => {
        sums[at] = (sums[at] ?? 0) + value;
      },
    });
    return sums;
  }

  async objects(
    refs: readonly ObjectRef[],
    options: ObjectOptions,
  ): Promise<readonly (JsonObject | undefined)[]> {
    const { isDetailed = false, keys, windows = {} } = options;
    const kind = this.#kind;
    const isWanted = keys === undefined || keys.some((key) => STATISTICS_KEYS[kind].includes(key));
    if (!isWanted) return this.#list.objects(refs, options);
    const running = this.#running();
    const parts: ObjectPart[][] = refs.map(() => []);
    const [objects] = await Promise.all([
      this.#list.objects(refs, options),
      this.#ask<PartRow>(refs, {
        own: (ids) => ownParts(running, kind, ids, { windows, isDetailed }),
        method: "statistics_parts",
        params: { windows, isDetailed },
        note: (at, part) => parts[at]?.push(part),
      }),
    ]);
    return objects.map((object, at) => {
      if (object === undefined) return undefined;
      return { ...object, ...statisticsObject(kind, parts[at] ?? [], { windows, isDetailed }) };
    });
  }

  /** Clients are asked for at their own nodes; all nodes have clients that use a queue or an exchange. */
  async #ask<Row extends readonly [number, unknown]>(
    refs: readonly ObjectRef[],
    { own, method, params, note }: Question<Row>,
  ): Promise<void> {
    const { node } = this.#running();
    const kind = this.#kind;
    const asked = node.others.map(async (other: OtherNode) => {
      const places = placesOn(other.name, refs);
      if (places.length === 0) return;
      const ids = places.map(([, id]) => id);
      await rowsOf<Row>(other, method, { kind, ids, ...params }, ([index, made]) => {
        const at = places[index]?.[0];
        if (at !== undefined) note(at, made);
      });
    });
    const places = placesOn(node.nodeName, refs);
    for await (const [index, made] of own(places.map(([, id]) => id))) {
      const at = places[index]?.[0];
      if (at !== undefined) note(at, made);
    }
    await Promise.all(asked);
  }
}

interface Question<Row extends readonly [number, unknown]> {
  own(ids: readonly ObjectId[]): AsyncIterable<Row>;
  readonly method: string;
  readonly params: object;
  note(at: number, made: Row[1]): void;
}

function placesOn(
  nodeName: string,
  refs: readonly ObjectRef[],
): readonly (readonly [at: number, id: ObjectId])[] {
  const places: (readonly [at: number, id: ObjectId])[] = [];
  for (const [at, { place, vhost, name }] of refs.entries()) {
    if (place === undefined) places.push([at, [vhost, name]]);
    else if (place.node === nodeName) places.push([at, place.key]);
  }
  return places;
}

/** What this node knows of these objects. */
export async function* ownParts(
  { broker }: RunningNode,
  kind: StatisticsKind,
  ids: readonly ObjectId[],
  options: PartOptions,
): AsyncGenerator<PartRow, void, undefined> {
  const find = objectParts(kind, broker, options);
  const made = inSlices(ids.entries(), ([at, id]) => [at, find(id)] as const);
  for await (const [at, part] of made) if (part !== undefined) yield [at, part];
}

/** What stands at `path` in the objects of this node alone; figures of several nodes are to be added up. */
export async function* ownValues(
  { broker }: RunningNode,
  kind: StatisticsKind,
  ids: readonly ObjectId[],
  path: readonly string[],
): AsyncGenerator<ValueRow, void, undefined> {
  const options = { windows: {}, isDetailed: false };
  const find = objectParts(kind, broker, options);
  const made = inSlices(ids.entries(), ([at, id]) => {
    const part = find(id);
    const object = part?.isUsed === true ? statisticsObject(kind, [part], options) : {};
    return [at, numberAt(object, path)] as const;
  });
  for await (const [at, value] of made) if (value !== 0) yield [at, value];
}

function numberAt(object: JsonObject, path: readonly string[]): number {
  let value: JsonObject[string] = object;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return 0;
    value = (value as JsonObject)[key];
  }
  return typeof value === "number" ? value : 0;
}
