/** A loop works so long, in ms, before other work gets its turn: the event loop is to be blocked for less than 10 ms. */
const SLICE_MS = 4;
/** The clock is asked once for so many steps: each takes microseconds. */
const STEPS_PER_LOOK = 16;

/** Makes an item of each, in slices; more than a few items in a turn of their own, whatever the turn has done before. */
export async function* inSlices<T, Made>(
  items: Iterable<T>,
  make: (item: T) => Made | Promise<Made>,
): AsyncGenerator<Made, void, undefined> {
  let start = Number.NEGATIVE_INFINITY;
  let steps = 0;
  for (const item of items) {
    const made = make(item);
    // Most need no waiting, which costs a turn of its own among the promises.
    yield made instanceof Promise ? await made : made;
    if (++steps % STEPS_PER_LOOK !== 0 || performance.now() - start < SLICE_MS) continue;
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    start = performance.now();
  }
}

export async function collected<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}
