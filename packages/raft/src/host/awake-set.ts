/** A group that ticks while it is in the set. */
export interface Awakeable {
  /** Place in the set; -1: not in it. Kept by the set. */
  awakeAt: number;
}

/** The groups that tick. Adding and removing cost the same for any number of groups; sleeping groups cost nothing. */
export class AwakeSet<T extends Awakeable> {
  readonly #items: T[] = [];

  get count(): number {
    return this.#items.length;
  }

  add(item: T): void {
    if (item.awakeAt >= 0) return;
    item.awakeAt = this.#items.length;
    this.#items.push(item);
  }

  remove(item: T): void {
    const at = item.awakeAt;
    if (at < 0) return;
    item.awakeAt = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#items[at] = last;
    last.awakeAt = at;
  }

  /** Calls `visit` for each; it may remove the one it is called for, and add others (not visited now). */
  visitAll(visit: (item: T) => void): void {
    // Backwards: removing the present one puts one that was visited already into its place.
    for (let at = this.#items.length - 1; at >= 0; at--) {
      const item = this.#items[at];
      if (item !== undefined) visit(item);
    }
  }
}
