import type { GroupId } from "../core/ids.ts";
import type { LogFile } from "./log-file.ts";

/** Damages told one by one, and losses told for each: who has more has lost a disk, and is told how many there are. */
const DAMAGES_MAX = 1000;
const LOSSES_MAX = 1000;

/**
 * batch: its checksum is wrong. gap: there were batches and none can be found. short: the file ends too early. file: it
 * is gone. index: it is made again from its file, nothing is lost. snapshot: its state cannot be read. entry: an entry
 * cannot be read. unknown: something is missing, and nothing tells where it was.
 */
export type DamageKind =
  | "batch"
  | "gap"
  | "short"
  | "file"
  | "index"
  | "snapshot"
  | "entry"
  | "unknown";

/** Where damage was found: relative to the data directory, in bytes. */
export interface DamagePlace {
  readonly kind: DamageKind;
  readonly path: string;
  readonly offset: number;
  readonly size: number;
}

/**
 * What a group lost. entries: those of indexes `first` to `last`. snapshot: the state up to index `last`. state: term and vote,
 * so that the replica must not start.
 */
export interface GroupLoss {
  readonly groupId: GroupId;
  readonly what: "entries" | "snapshot" | "state";
  readonly first: number;
  readonly last: number;
}

export interface StoreDamage extends DamagePlace {
  readonly losses: readonly GroupLoss[];
  /** Losses beyond those listed. */
  readonly otherLosses: number;
}

interface OpenDamage extends DamagePlace {
  losses: GroupLoss[];
  otherLosses: number;
}

/** Damage found while the log is read back, and what it cost, for the people who have to deal with it. */
export class DamageNotes {
  readonly #found: OpenDamage[] = [];
  #current: OpenDamage | undefined;
  #untold = 0;

  get list(): readonly StoreDamage[] {
    return this.#found;
  }

  /** Damages beyond those listed. */
  get untold(): number {
    return this.#untold;
  }

  /** What is lost from now on, is lost by this. */
  begin(place: DamagePlace): void {
    this.#current = { ...place, losses: [], otherLosses: 0 };
    if (this.#found.length < DAMAGES_MAX) this.#found.push(this.#current);
    else this.#untold++;
  }

  /** As `begin`, unless some damage of the file was told already. `isGone`: there is no such file. */
  beginFile(file: Pick<LogFile, "path" | "size">, isGone: boolean): void {
    const known = this.#found.findLast(({ path }) => path === file.path);
    if (known !== undefined) this.#current = known;
    else {
      const kind = isGone ? "file" : "unknown";
      this.begin({ kind, path: file.path, offset: 0, size: file.size });
    }
  }

  lose(loss: GroupLoss): void {
    if (this.#current === undefined) this.begin({ kind: "unknown", path: "", offset: 0, size: 0 });
    const damage = this.#current;
    if (damage === undefined) return;
    if (damage.losses.length < LOSSES_MAX) damage.losses.push(loss);
    else damage.otherLosses++;
  }

  /**
   * All is read: what seemed lost may have been found whole, replaced, or given up by its group. `stillLost` says what is left of a
   * loss.
   */
  confirm(stillLost: (loss: GroupLoss) => readonly GroupLoss[]): void {
    for (const damage of this.#found) {
      const losses = new Map<string, GroupLoss>();
      for (const loss of damage.losses.flatMap(stillLost)) losses.set(keyOf(loss), loss);
      damage.losses = [...losses.values()].slice(0, LOSSES_MAX);
      damage.otherLosses += losses.size - damage.losses.length;
    }
  }

  loseEntries(groupId: GroupId, first: number, last: number): void {
    this.lose({ groupId, what: "entries", first, last });
  }

  loseState(groupId: GroupId): void {
    this.lose({ groupId, what: "state", first: 0, last: 0 });
  }
}

function keyOf({ groupId, what, first, last }: GroupLoss): string {
  return `${groupId} ${what} ${first} ${last}`;
}
