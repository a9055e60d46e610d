import { hashKey, mix32 } from "./murmur3.ts";

/** Points that one unit of weight takes on a ring, as long as the ring has room for them. */
export const POINTS_PER_WEIGHT = 128;

/**
 * Most points of one ring (8 bytes each). When the weights ask for more, every node's share is halved
 * until they fit, so that a weight of a billion costs no more memory than a small one.
 */
export const MAX_POINTS: number = 2 ** 18;

/** Most nodes of one ring: a point's node number takes 21 of the 53 exact bits of its sort key. */
export const MAX_NODES: number = 2 ** 21;

const STEP_SEED = 0x9747b28c;

interface Member<T> {
  readonly node: T;
  readonly key: string;
  readonly weight: number;
}

/**
 * Consistent hashing with virtual nodes: each node owns the keys that hash to just before one of its
 * points. Which node a key belongs to depends only on the set of (node key, weight), not on the order
 * of additions, the process or the platform. Adding or removing a node moves only keys of that node,
 * except when it changes the halving described at MAX_POINTS.
 */
export class HashRing<T> {
  readonly #members = new Map<string, Member<T>>();
  #totalWeight = 0;
  #isStale = false;
  /** Members by key; `#owners` holds indexes into it. */
  #ordered: Member<T>[] = [];
  /** Point positions, ascending, and the owner of each. */
  #points: Uint32Array = new Uint32Array(0);
  #owners: Uint32Array = new Uint32Array(0);

  /** Number of nodes. */
  get size(): number {
    return this.#members.size;
  }

  /** The nodes in no particular order. */
  *nodes(): IterableIterator<T> {
    for (const member of this.#members.values()) yield member.node;
  }

  /**
   * Adds a node, or changes the node and weight of a key that is there already. `key` names the node
   * on every process; `weight` is its share relative to the others. Throws RangeError when the weight
   * is not a finite number above 0 or the ring already has MAX_NODES nodes.
   */
  add(node: T, key: string, weight = 1): void {
    if (!(weight > 0 && Number.isFinite(weight))) {
      throw new RangeError(`weight ${weight} is not a finite number above 0`);
    }
    if (this.#members.size >= MAX_NODES && !this.#members.has(key)) {
      throw new RangeError(`a hash ring holds at most ${MAX_NODES} nodes`);
    }
    this.#members.set(key, { node, key, weight });
    this.#isStale = true;
  }

  /** Removes the node with this key; false when there is none. */
  remove(key: string): boolean {
    if (!this.#members.delete(key)) return false;
    this.#isStale = true;
    return true;
  }

  /** The node that a key belongs to; undefined when the ring is empty. */
  locate(key: string | Uint8Array): T | undefined {
    return this.#ownerAt(this.#indexOf(key))?.node;
  }

  /**
   * Up to `count` different nodes for one key, best first; fewer when the ring has fewer. The first is
   * `locate(key)`, and removing one of them leaves the order of the others as it is.
   */
  locateMany(key: string | Uint8Array, count: number): T[] {
    const found = new Set<Member<T>>();
    const wanted = Math.min(count, this.size);
    for (let at = this.#indexOf(key); found.size < wanted; at++) {
      const member = this.#ownerAt(at);
      if (member === undefined) break;
      found.add(member);
    }
    return Array.from(found, (member) => member.node);
  }

  /**
   * The first node after the key's position that has room for one more item: a node's capacity is
   * `capacityFactor` times its fair share of all items, rounded up (Mirrokni, Thorup, Zadimoghaddam:
   * Consistent Hashing with Bounded Loads). `loadOf` tells how many items a node has now;
   * `capacityFactor` is at least 1. undefined only when the ring is empty.
   */
  locateBounded(
    key: string | Uint8Array,
    loadOf: (node: T) => number,
    capacityFactor = 1.25,
  ): T | undefined {
    if (!(capacityFactor >= 1)) {
      throw new RangeError(`capacity factor ${capacityFactor} is below 1`);
    }
    const start = this.#indexOf(key);
    let total = 1;
    for (const member of this.#ordered) total += loadOf(member.node);
    const perWeight = (capacityFactor * total) / this.#totalWeight;
    for (let at = start; at < start + this.#points.length; at++) {
      const member = this.#ownerAt(at);
      if (member === undefined) break;
      if (loadOf(member.node) < Math.ceil(perWeight * member.weight)) return member.node;
    }
    // Rounding errors of very unequal weights only; otherwise some node is below its fair share.
    return this.#ownerAt(start)?.node;
  }

  /** Index of the first point at or after the key's hash; points.length when it lies past the last. */
  #indexOf(key: string | Uint8Array): number {
    if (this.#isStale) this.#rebuild();
    const hash = hashKey(key);
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#points[middle] ?? 0) < hash) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The owner of a point; an index past the end goes on at the start. */
  #ownerAt(index: number): Member<T> | undefined {
    const count = this.#points.length;
    return count === 0 ? undefined : this.#ordered[this.#owners[index % count] ?? 0];
  }

  /** Lays out all points. Done at the first look-up after a change, so that many changes cost one. */
  #rebuild(): void {
    this.#isStale = false;
    const ordered = [...this.#members.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    // Summed in key order: the order of additions must not show, not even in the last bit.
    this.#totalWeight = ordered.reduce((sum, member) => sum + member.weight, 0);
    const perWeight = pointsPerWeight(this.#totalWeight);
    let count = 0;
    for (const member of ordered) count += pointCount(member.weight, perWeight);
    // Position and owner in one exact number, so that the sort needs no comparison function.
    const sorted = new Float64Array(count);
    let at = 0;
    for (const [owner, member] of ordered.entries()) {
      at = placePoints(member, owner, perWeight, sorted, at);
    }
    sorted.sort();
    this.#ordered = ordered;
    this.#points = new Uint32Array(count);
    this.#owners = new Uint32Array(count);
    for (let point = 0; point < count; point++) {
      const packed = sorted[point] ?? 0;
      const position = Math.floor(packed / MAX_NODES);
      this.#points[point] = position;
      this.#owners[point] = packed - position * MAX_NODES;
    }
  }
}

function pointsPerWeight(totalWeight: number): number {
  let perWeight = POINTS_PER_WEIGHT;
  while (totalWeight * perWeight > MAX_POINTS) perWeight /= 2;
  return perWeight;
}

function pointCount(weight: number, perWeight: number): number {
  return Math.max(1, Math.round(weight * perWeight));
}

/** A node's points are a fixed sequence of which it takes as many as its weight says. */
function placePoints(
  member: Member<unknown>,
  owner: number,
  perWeight: number,
  into: Float64Array,
  start: number,
): number {
  const end = start + pointCount(member.weight, perWeight);
  const step = hashKey(member.key, STEP_SEED) | 1;
  let position = hashKey(member.key);
  for (let at = start; at < end; at++) {
    into[at] = mix32(position) * MAX_NODES + owner;
    position = (position + step) | 0;
  }
  return end;
}
