import type { DeliveryNote } from "./cluster-clients.ts";
import { QUEUES } from "./queue-specs.ts";

/** What one consumer of a queue got last. */
interface Turn {
  readonly delivery: DeliveryNote;
  /** When another one got something after it, as long as nobody knows that this one was through. */
  otherSinceMs: number | undefined;
}

const SINGLE: ReadonlySet<string> = new Set(
  QUEUES.filter((spec) => spec.isSingleActive).map((spec) => spec.name),
);

/**
 * Watches queues with a single active consumer: once another consumer gets messages, the one before gets none any more, unless it was
 * cancelled in between. What it gets nevertheless is an overlap, measured from the other's first message.
 */
export class Exclusivity {
  readonly #now: () => number;
  /** By queue, then by consumer. */
  readonly #turns = new Map<string, Map<number, Turn>>();
  /** The longest of each queue, milliseconds. */
  readonly overlaps: Map<string, number> = new Map();
  count = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  onDelivered(delivery: DeliveryNote): void {
    const { queue, consumer } = delivery;
    if (!SINGLE.has(queue)) return;
    const turns = this.#turns.get(queue) ?? new Map<number, Turn>();
    this.#turns.set(queue, turns);
    const own = turns.get(consumer);
    if (own?.otherSinceMs !== undefined) this.#note(queue, this.#now() - own.otherSinceMs);
    for (const [other, turn] of turns) {
      if (other === consumer) continue;
      const isThrough = turn.delivery.isDetached() || !turn.delivery.session.isOpen;
      if (isThrough) turns.delete(other);
      else turn.otherSinceMs ??= this.#now();
    }
    turns.set(consumer, { delivery, otherSinceMs: undefined });
  }

  #note(queue: string, overlapMs: number): void {
    this.count++;
    this.overlaps.set(queue, Math.max(overlapMs, this.overlaps.get(queue) ?? 0));
  }
}
