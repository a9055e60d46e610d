import type {
  JsonObject,
  ObjectList,
  ObjectOptions,
  ObjectRef,
  ObjectScope,
} from "@leveret/management";
import type { RunningNode } from "../../control/control-method.ts";
import { compareText } from "../../metadata/compare-text.ts";
import { rowsOf, rowsOfCluster } from "./ask-others.ts";
import { type ClientKind, type ClientObjects, clientObjects } from "./client-kinds.ts";
import { inSlices } from "./node-slices.ts";

/** An object of a client, as its node tells others. */
export type ClientRefRow = readonly [key: string, vhost: string, name: string, user: string];
/** What belongs to the key at this place in the question; null: it is gone. */
export type ClientRow = readonly [at: number, made: JsonObject[string] | null];

/** What is made of each of some objects. */
interface Question {
  readonly method: "client_values" | "client_objects";
  readonly params: object;
  make(own: ClientObjects, id: string): JsonObject[string];
}

/** Connections, channels or consumers of all nodes of the cluster. */
export class ClientList implements ObjectList {
  readonly #kind: ClientKind;
  readonly #running: () => RunningNode;

  constructor(kind: ClientKind, running: () => RunningNode) {
    this.#kind = kind;
    this.#running = running;
  }

  async refs(scope: ObjectScope): Promise<readonly ObjectRef[]> {
    const { node, broker } = this.#running();
    const kind = this.#kind;
    const found: ObjectRef[] = [];
    const note = ([key, vhost, name, user]: ClientRefRow, nodeName: string): void => {
      found.push({ vhost, name, user, place: { node: nodeName, key } });
    };
    const own = ownClientRefs(clientObjects(kind, node.nodeName, broker.broker), scope);
    const params = { kind, ...scope };
    await rowsOfCluster(node, { method: "client_refs", params, own }, note);
    return found.sort(compareRefs);
  }

  values(
    refs: readonly ObjectRef[],
    path: readonly string[],
  ): Promise<readonly JsonObject[string][]> {
    return this.#ask(refs, {
      method: "client_values",
      params: { path },
      make: (own, id) => own.value(id, path),
    });
  }

  async objects(
    refs: readonly ObjectRef[],
    { isDetailed = false, keys }: ObjectOptions,
  ): Promise<readonly (JsonObject | undefined)[]> {
    const objects = await this.#ask(refs, {
      method: "client_objects",
      params: { isDetailed, keys },
      make: (own, id) => own.object(id, { isDetailed, keys }),
    });
    // All that `object` makes.
    return objects as readonly (JsonObject | undefined)[];
  }

  /** Each ref's own node is asked. */
  async #ask(
    refs: readonly ObjectRef[],
    { method, params, make }: Question,
  ): Promise<readonly JsonObject[string][]> {
    const { node, broker } = this.#running();
    const kind = this.#kind;
    const made: JsonObject[string][] = refs.map(() => undefined);
    const placed = byNode(refs);
    const makeOwn = async (): Promise<void> => {
      const own = clientObjects(kind, node.nodeName, broker.broker);
      const places = placed.get(node.nodeName) ?? [];
      const note = noteAt(places);
      const ids = places.map(({ key }) => key);
      for await (const row of madeOfIds(ids, (id) => make(own, id))) note(row);
    };
    const noteAt =
      (places: readonly Place[]) =>
      ([index, one]: ClientRow): void => {
        const at = places[index]?.at;
        if (at !== undefined && one !== null) made[at] = one;
      };
    const asked = node.others.map((other) => {
      const places = placed.get(other.name) ?? [];
      if (places.length === 0) return undefined;
      const ids = places.map(({ key }) => key);
      return rowsOf<ClientRow>(other, method, { kind, ids, ...params }, noteAt(places));
    });
    await Promise.all([...asked, makeOwn()]);
    return made;
  }
}

function compareRefs(left: ObjectRef, right: ObjectRef): number {
  return compareText(left.vhost, right.vhost) || compareText(left.name, right.name);
}

interface Place {
  readonly at: number;
  readonly key: string;
}

function byNode(refs: readonly ObjectRef[]): ReadonlyMap<string, readonly Place[]> {
  const found = new Map<string, Place[]>();
  for (const [at, { place }] of refs.entries()) {
    if (place === undefined) continue;
    const places = found.get(place.node) ?? [];
    found.set(place.node, places);
    places.push({ at, key: place.key });
  }
  return found;
}

/** Those of this node that the scope names. */
export async function* ownClientRefs(
  own: ClientObjects,
  { vhost, name }: ObjectScope,
): AsyncGenerator<ClientRefRow, void, undefined> {
  for await (const one of inSlices(own.all(), (facts) => facts)) {
    if (vhost !== undefined && one.vhost !== vhost) continue;
    if (name !== undefined && one.name !== name) continue;
    yield [one.key, one.vhost, one.name, one.user];
  }
}

/** What is made of each of these objects. */
export async function* madeOfIds(
  ids: readonly string[],
  make: (id: string) => JsonObject[string],
): AsyncGenerator<ClientRow, void, undefined> {
  yield* inSlices(ids.entries(), ([at, id]) => [at, make(id) ?? null] as const);
}
