/**
 * What must have happened often in a run of many seeds before it counts (G4 of fault-testing in the design documents): each
 * class of faults, where it was really met, and what the product does about it.
 */
const REQUIRED_EVENTS: readonly string[] = [
  "amnesia",
  "applied-before-durable",
  "clock-jump",
  "clog",
  "conf-changed",
  "crash-with-unsynced",
  "damage-flipped-bit",
  "damage-misdirected-write",
  "damage-unreadable-sector",
  "damage-zeroed-sectors",
  "directory-fsync-error",
  "disk-full",
  "disk-stall",
  "entries-repaired",
  "entry-replaced",
  "fsync-error",
  "graceful-stop-done",
  "group-deleted",
  "group-removed",
  "hibernated",
  "joint-conf-entered",
  "kill",
  "leader-elected",
  "machine-lost",
  "packet-lost",
  "partition-asymmetric",
  "partition-bridge",
  "partition-flapping",
  "partition-halves",
  "partition-isolate",
  "partition-minority",
  "partition-one-way",
  "partition-ring",
  "pause",
  "power-loss",
  "proposal-no-space",
  "proposal-unknown",
  "read-error",
  "replica-lost",
  "replica-removed",
  "reset",
  "snapshot-installed",
  "snapshot-saved",
  "snapshot-sent",
  "started-damaged",
  "started-snapshot-damaged",
  "torn-batch",
  "transfer-aborted",
  "transfer-campaign",
  "unreadable-sector-met",
  "woke",
  "write-error",
];

/** How often each of them has to happen in a run of 500 seeds or more. */
export const REQUIRED_COUNT = 100;

/** How often each event and each kind of fault happened: a simulation in which nothing happened proves nothing. */
export class Coverage {
  readonly #counts = new Map<string, number>();

  count(event: string, times = 1): void {
    this.#counts.set(event, (this.#counts.get(event) ?? 0) + times);
  }

  get(event: string): number {
    return this.#counts.get(event) ?? 0;
  }

  /** What did not happen often enough, with how often it did. */
  missing(): [string, number][] {
    return REQUIRED_EVENTS.map((event): [string, number] => [event, this.get(event)]).filter(
      ([, times]) => times < REQUIRED_COUNT,
    );
  }

  add(other: Iterable<readonly [string, number]>): void {
    for (const [event, times] of other) this.count(event, times);
  }

  /** Sorted by name. */
  entries(): [string, number][] {
    return [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
