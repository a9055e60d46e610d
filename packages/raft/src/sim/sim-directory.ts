import type { Random } from "./random.ts";
import { SimFile } from "./sim-file.ts";

export type SimNode = SimFile | SimDirectory;

interface NameChange {
  readonly name: string;
  /** Undefined: the name is removed. */
  readonly target: SimNode | undefined;
  /** A rename also removes a name, in the same step, possibly elsewhere. */
  readonly removed: { readonly directory: SimDirectory; readonly name: string } | undefined;
}

/** The names in a folder: as programs see them, as they are on the platter, and the changes between the two. */
export class SimDirectory {
  readonly names: Map<string, SimNode> = new Map();
  readonly durableNames: Map<string, SimNode> = new Map();
  #pending: NameChange[] = [];

  get pendingCount(): number {
    return this.#pending.length;
  }

  set(name: string, target: SimNode): void {
    this.names.set(name, target);
    this.#pending.push({ name, target, removed: undefined });
  }

  remove(name: string): void {
    this.names.delete(name);
    this.#pending.push({ name, target: undefined, removed: undefined });
  }

  /** Moves `target` here from `from`. */
  moveHere(name: string, target: SimNode, from: { directory: SimDirectory; name: string }): void {
    from.directory.names.delete(from.name);
    this.names.set(name, target);
    this.#pending.push({ name, target, removed: from });
  }

  /** The first `count` changes are on the platter. */
  makeDurable(count: number): void {
    for (const change of this.#pending.splice(0, count)) applyChange(this, change);
  }

  /** The machine lost power: of the pending changes a beginning, or any subset, is on the platter. Returns whether one was lost. */
  crash(random: Random): boolean {
    const pending = this.#pending;
    this.#pending = [];
    const isJournaled = random.chance(0.7);
    const kept = random.below(pending.length + 1);
    let hasLost = false;
    pending.forEach((change, position) => {
      if (isJournaled ? position < kept : random.chance(0.5)) applyChange(this, change);
      else hasLost = true;
    });
    return hasLost;
  }

  /** A copy with all that is in it. `copies` has those made so far: what has two names is copied once. */
  clone(copies: Map<SimNode, SimNode>): SimDirectory {
    const copy = new SimDirectory();
    copies.set(this, copy);
    for (const [name, target] of this.names) copy.names.set(name, copyOf(target, copies));
    for (const [name, target] of this.durableNames) {
      copy.durableNames.set(name, copyOf(target, copies));
    }
    copy.#pending = this.#pending.map(({ name, target, removed }) => ({
      name,
      target: target === undefined ? undefined : copyOf(target, copies),
      removed: removed === undefined ? undefined : copyOfPlace(removed, copies),
    }));
    return copy;
  }

  /** After all folders crashed: programs see what is on the platter. */
  reload(): void {
    this.names.clear();
    for (const [name, target] of this.durableNames) this.names.set(name, target);
  }
}

function copyOf(node: SimNode, copies: Map<SimNode, SimNode>): SimNode {
  const known = copies.get(node);
  if (known !== undefined) return known;
  const copy = node instanceof SimFile ? node.clone() : node.clone(copies);
  copies.set(node, copy);
  return copy;
}

function copyOfPlace(
  place: { readonly directory: SimDirectory; readonly name: string },
  copies: Map<SimNode, SimNode>,
): { directory: SimDirectory; name: string } | undefined {
  const directory = copyOf(place.directory, copies);
  return directory instanceof SimDirectory ? { directory, name: place.name } : undefined;
}

function applyChange(directory: SimDirectory, change: NameChange): void {
  if (change.target === undefined) directory.durableNames.delete(change.name);
  else directory.durableNames.set(change.name, change.target);
  const removed = change.removed;
  // The old name may have been given to another file meanwhile.
  if (removed !== undefined && removed.directory.durableNames.get(removed.name) === change.target) {
    removed.directory.durableNames.delete(removed.name);
  }
}
