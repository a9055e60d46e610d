import {
  SLAB_MESSAGE_MAX,
  SLAB_POOL_COUNT,
  SLAB_SIZE,
  SLAB_SPARSE_DIVISOR,
  SLAB_WASTE_MAX,
} from "../limits.ts";
import { viewOf } from "./byte-copy.ts";

/** Something whose bytes lie in a slab and may be moved to another one. */
export interface SlabTenant {
  readonly storedSize: number;
  /** The bytes were copied to `offset` of `slab`: use those from now on. */
  moveTo(slab: Slab, offset: number): void;
  /** Where its bytes lie; undefined once it is released. */
  readonly slab: Slab | undefined;
  readonly slabOffset: number;
}

/** A block of memory shared by many messages; it is reused when the last of them is released. */
export interface Slab {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Bytes handed out; a slab is only appended to. */
  used: number;
  /** Bytes whose tenant is not released yet. */
  live: number;
  /** Less than 1/SLAB_SPARSE_DIVISOR of it is alive. */
  isSparse: boolean;
  /** All tenants ever put here, so that a sparse slab can be emptied. */
  readonly tenants: SlabTenant[];
}

/** Lets go of tenants that are released: their objects must not live as long as the slab. Once for each slab. */
function dropReleased(slab: Slab): void {
  const { tenants } = slab;
  let kept = 0;
  for (const tenant of tenants) {
    if (tenant.slab === slab) tenants[kept++] = tenant;
  }
  tenants.length = kept;
}

function makeSlab(): Slab {
  const bytes = Buffer.allocUnsafeSlow(SLAB_SIZE);
  return { bytes, view: viewOf(bytes), used: 0, live: 0, isSparse: false, tenants: [] };
}

/**
 * Keeps the bytes of queued messages. A Buffer for each message costs 8.5 us at 1 KiB, a place in a slab 1.8 us
 * (architecture.md, "What made the sketch fast"). Tenants must not hand out views that outlive the current turn,
 * as {@link SlabStore.release} may move other tenants.
 */
export class SlabStore {
  #current: Slab | undefined;
  readonly #pool: Slab[] = [];
  /** Slabs of which little is alive; they wait until emptying them is worth it. */
  readonly #sparse = new Set<Slab>();
  #slabCount = 0;
  /** Live bytes in all slabs. */
  #live = 0;
  #isEvacuating = false;

  /** Slabs that hold live messages, for observation and tests. */
  get slabCount(): number {
    return this.#slabCount;
  }

  /** true: a message of this size gets a buffer of its own. */
  static isLarge(size: number): boolean {
    return size > SLAB_MESSAGE_MAX;
  }

  /** Reserves room for a tenant. The caller copies the bytes to `slab.bytes` at the offset `slab.used - storedSize`. */
  place(tenant: SlabTenant): Slab {
    const size = tenant.storedSize;
    let slab = this.#current;
    // Leaving a full slab may empty sparse ones, and what they held may fill the new one.
    while (slab === undefined || slab.used + size > SLAB_SIZE) slab = this.#open();
    slab.used += size;
    slab.live += size;
    this.#live += size;
    slab.tenants.push(tenant);
    return slab;
  }

  /** The tenant is gone. Frees its slab when it was the last; else sparse slabs are emptied once they waste too much. */
  release(slab: Slab, size: number): void {
    this.#live -= size;
    slab.live -= size;
    if (slab !== this.#current) this.#consider(slab);
  }

  /** Begins a new slab; returns the one that is written to after all that follows from it. */
  #open(): Slab {
    const full = this.#current;
    const slab = this.#pool.pop() ?? makeSlab();
    this.#current = slab;
    this.#slabCount++;
    if (full !== undefined) this.#consider(full);
    return this.#current;
  }

  /** A slab that is only left: is it free, or has it become sparse? */
  #consider(slab: Slab): void {
    if (slab.live === 0) {
      this.#recycle(slab);
    } else if (!slab.isSparse && slab.live * SLAB_SPARSE_DIVISOR < slab.used) {
      slab.isSparse = true;
      this.#sparse.add(slab);
      dropReleased(slab);
      this.#evacuateIfWasteful();
    }
  }

  /** In the ordinary course slabs empty by themselves, in the order they were filled: then nothing is copied. */
  #evacuateIfWasteful(): void {
    const reasonable = SLAB_WASTE_MAX + SLAB_SPARSE_DIVISOR * this.#live;
    if (this.#isEvacuating || this.#slabCount * SLAB_SIZE <= reasonable) return;
    this.#isEvacuating = true;
    for (const slab of this.#sparse) this.#evacuate(slab);
    this.#isEvacuating = false;
  }

  /** Copies what is alive to the current slab: less than a quarter of the slab, so the cost is bounded. */
  #evacuate(slab: Slab): void {
    for (const tenant of slab.tenants) {
      if (tenant.slab !== slab) continue;
      const size = tenant.storedSize;
      const from = tenant.slabOffset;
      const target = this.place(tenant);
      const offset = target.used - size;
      slab.bytes.copy(target.bytes, offset, from, from + size);
      tenant.moveTo(target, offset);
    }
    this.#live -= slab.live;
    slab.live = 0;
    this.#recycle(slab);
  }

  #recycle(slab: Slab): void {
    this.#slabCount--;
    this.#sparse.delete(slab);
    slab.isSparse = false;
    slab.used = 0;
    slab.tenants.length = 0;
    if (this.#pool.length < SLAB_POOL_COUNT) this.#pool.push(slab);
  }
}
