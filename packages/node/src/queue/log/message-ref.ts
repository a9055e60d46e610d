/** Messages that one entry can name: what the position in a ref can tell apart. */
export const MESSAGES_PER_ENTRY_MAX = 256;

/** Log indexes up to this keep refs, and twice a ref, within safe integers: five years of 100,000 entries a second. */
export const ENTRY_INDEX_MAX: number = 2 ** 44 - 1;

/** Names a message within its queue for good, ascending in queue order: the entry that brought it, and its place in the batch. */
export function refOf(entryIndex: number, position: number): number {
  return entryIndex * MESSAGES_PER_ENTRY_MAX + position;
}

export function entryIndexOf(ref: number): number {
  return Math.floor(ref / MESSAGES_PER_ENTRY_MAX);
}

export function positionOf(ref: number): number {
  return ref % MESSAGES_PER_ENTRY_MAX;
}
