import { PUBLISH_TARGET_CACHE_COUNT } from "../limits.ts";
import { isEqual, viewOf } from "../queue/byte-copy.ts";
import { decodePublishTarget } from "./handlers/publish-target-codec.ts";
import type { PublishTarget } from "./publish-target.ts";

/** A publish method that was seen before, by its payload. */
export interface KnownPublish {
  readonly target: PublishTarget;
  readonly bytes: Buffer;
  readonly view: DataView;
}

/** Slots that are looked up by a hash of the bytes alone; a power of two. */
const SLOT_COUNT = 256;

/**
 * The publish methods that a channel has seen. A publisher with a few keys finds each in its slot, in about 20 ns;
 * the others cost a string of the bytes and a Map look-up, 200 ns. Decoding costs more than 1 us.
 */
export class KnownPublishes {
  readonly #all = new Map<string, KnownPublish>();
  /** Made when there is a second one. */
  #slots: (KnownPublish | undefined)[] | undefined = undefined;

  /** Finds or decodes the payload `bytes[start, end)`. @throws ConnectionError when it cannot be decoded */
  find(bytes: Buffer, view: DataView, start: number, end: number): KnownPublish {
    const slot = hashOf(view, start, end) & (SLOT_COUNT - 1);
    const quick = this.#slots?.[slot];
    if (quick !== undefined && quick.bytes.length === end - start) {
      if (isEqual(quick.view, view, start)) return quick;
    }
    const known = this.#findInAll(bytes, start, end);
    if (this.#all.size > 1) {
      this.#slots ??= new Array(SLOT_COUNT).fill(undefined);
      this.#slots[slot] = known;
    }
    return known;
  }

  clear(): void {
    this.#all.clear();
    this.#slots = undefined;
  }

  /** What was resolved of them does not hold any more. */
  expire(): void {
    for (const { target } of this.#all.values()) target.version = -1;
  }

  #findInAll(bytes: Buffer, start: number, end: number): KnownPublish {
    const key = bytes.toString("latin1", start, end);
    const known = this.#all.get(key);
    if (known !== undefined) return known;
    const copy = Buffer.from(bytes.subarray(start, end));
    const made = { target: decodePublishTarget(copy), bytes: copy, view: viewOf(copy) };
    if (this.#all.size >= PUBLISH_TARGET_CACHE_COUNT) this.clear();
    this.#all.set(key, made);
    return made;
  }
}

/** A cheap mix of all bytes; equal bytes are compared afterwards. */
function hashOf(view: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at < end - 3; at += 4) hash = Math.imul(hash ^ view.getInt32(at), 0x9e37_79b1);
  for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x9e37_79b1);
  return hash ^ (hash >>> 15);
}
