import { OUTPUT_ARENA_POOL_COUNT, OUTPUT_ARENA_SIZE } from "../limits.ts";

const idle: Buffer[] = [];

/**
 * Output buffers of one size, shared by all connections of the process: an idle connection holds none.
 * The pool holds plain memory and no state, so brokers in one process may share it.
 */
export function takeArena(): Buffer {
  return idle.pop() ?? Buffer.allocUnsafeSlow(OUTPUT_ARENA_SIZE);
}

/** Gives a buffer back; nothing may use it any more. Buffers of another size are left to the collector. */
export function returnArena(arena: Buffer): void {
  if (arena.length === OUTPUT_ARENA_SIZE && idle.length < OUTPUT_ARENA_POOL_COUNT) idle.push(arena);
}
