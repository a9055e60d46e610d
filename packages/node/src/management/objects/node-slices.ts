/** A loop works so long, in ms, before other work gets its turn: two loops at once and a collection of garbage stay below 10 ms. */
const SLICE_MS = 2;
/** The clock is asked once for so many steps: each takes microseconds. */
const STEPS_PER_LOOK = 16;

/** When a loop has to let other work in. More than a few items get a turn of their own, whatever the turn has done before. */
class Turns {
  #start = Number.NEGATIVE_INFINITY;
  #steps = 0;

  /** To be asked after each item. */
  isOver(): boolean {
    return ++this.#steps % STEPS_PER_LOOK === 0 && performance.now() - this.#start >= SLICE_MS;
  }

  async next(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#start = performance.now();
  }
}

/** Makes an item of each, in slices, for whoever takes them as they come. */
export async function* inSlices<T, Made>(
  items: Iterable<T>,
  make: (item: T) => Made | Promise<Made>,
): AsyncGenerator<Made, void, undefined> {
  const turns = new Turns();
  for (const item of items) {
    const made = make(item);
    // Most need no waiting, which costs a turn of its own among the promises.
    yield made instanceof Promise ? await made : made;
    if (turns.isOver()) await turns.next();
  }
}

/** The same of all of them, several times as fast as one by one: nobody waits for each. */
export async function allInSlices<T, Made>(
  items: Iterable<T>,
  make: (item: T) => Made,
): Promise<Made[]> {
  const turns = new Turns();
  const all: Made[] = [];
  for (const item of items) {
    all.push(make(item));
    if (turns.isOver()) await turns.next();
  }
  return all;
}
