import { OUTPUT_ARENA_POOL_COUNT, OUTPUT_ARENA_SIZE } from "../limits.ts";
import { viewOf } from "../queue/byte-copy.ts";

/** A piece of output memory, with a view for small copies. */
export interface Arena {
  readonly bytes: Buffer;
  readonly view: DataView;
}

const idle: Arena[] = [];

/** Makes an arena of its own, for output that is larger than pooled ones. */
export function makeArena(size: number): Arena {
  const bytes = Buffer.allocUnsafeSlow(size);
  return { bytes, view: viewOf(bytes) };
}

/**
 * Output buffers of one size, shared by all connections of the process: an idle connection holds none.
 * The pool holds plain memory and no state, so brokers in one process may share it.
 */
export function takeArena(): Arena {
  return idle.pop() ?? makeArena(OUTPUT_ARENA_SIZE);
}

/** Gives a buffer back; nothing may use it any more. Buffers of another size are left to the collector. */
export function returnArena(arena: Arena): void {
  if (arena.bytes.length === OUTPUT_ARENA_SIZE && idle.length < OUTPUT_ARENA_POOL_COUNT) {
    idle.push(arena);
  }
}
