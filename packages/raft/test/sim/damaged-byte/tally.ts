import type { Position } from "./positions.ts";
import type { Scene } from "./scene.ts";
import { type Outcome, tryDamage } from "./trial.ts";

/** What became of damaged bytes, by class. */
export class Tally {
  readonly counts = new Map<string, Map<Outcome, number>>();
  readonly failures: string[] = [];

  /** Damages one byte; a failure is kept, not thrown. */
  try(scene: Scene, position: Position): void {
    try {
      this.#add(position.kind, tryDamage(scene, position));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.failures.push(`${JSON.stringify(position)}: ${why}`);
    }
  }

  /** Bytes of a class that were damaged. */
  of(kind: string): number {
    let sum = 0;
    for (const count of this.counts.get(kind)?.values() ?? []) sum += count;
    return sum;
  }

  /** Times that damage had this outcome, over all classes. */
  outcomes(outcome: Outcome): number {
    let sum = 0;
    for (const counts of this.counts.values()) sum += counts.get(outcome) ?? 0;
    return sum;
  }

  /** One line for each class. */
  lines(): string[] {
    return [...this.counts].map(([kind, counts]) => {
      const parts = [...counts].map(([outcome, count]) => `${count} ${outcome}`);
      return `${kind}: ${parts.join(", ")}`;
    });
  }

  #add(kind: string, outcome: Outcome): void {
    const counts = this.counts.get(kind) ?? new Map<Outcome, number>();
    this.counts.set(kind, counts);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
}
