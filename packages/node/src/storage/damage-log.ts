import type { GroupLoss, StoreDamage } from "@leveret/raft";
import { resourceText } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { QueueRecord } from "../metadata/records.ts";

/** Lines about damage at one start: who has more has lost a disk, and `leveret inspect` tells all of it. */
const LINES_MAX = 100;
/** Groups named in one line. */
const GROUPS_MAX = 20;

/** One line for each damaged place, with file (relative to the data directory) and offset. */
export function logDamage(log: Logger, damage: readonly StoreDamage[]): void {
  for (const { kind, path, offset, size, losses, otherLosses } of damage.slice(0, LINES_MAX)) {
    const groups = [...new Set(losses.map(({ groupId }) => groupId))].slice(0, GROUPS_MAX);
    const count = losses.length + otherLosses;
    const place = { kind, file: path, offset, size, losses: count, groups };
    if (costsNothing(kind)) log.warn(place, "damage in the data directory, nothing is lost");
    else log.error(place, "damage in the data directory");
  }
  const more = damage.length - LINES_MAX;
  if (more > 0) log.error({ more }, "more damage in the data directory: see `leveret inspect`");
}

/** One line for each queue that lost something. */
export function logQueueLosses(
  log: Logger,
  damage: readonly StoreDamage[],
  queues: ReadonlyMap<number, QueueRecord>,
): void {
  let lines = 0;
  for (const { path, offset, losses } of damage) {
    for (const loss of losses) {
      const queue = queues.get(loss.groupId);
      if (queue === undefined) continue;
      if (++lines > LINES_MAX) return;
      const { groupId } = loss;
      log.error(
        { groupId, file: path, offset, lost: lostText(loss) },
        `${resourceText("queue", queue.name, queue.vhost)} is damaged and cannot be used`,
      );
    }
  }
}

/** Something is gone, not only a copy that is made again. */
export function hasLosses(damage: readonly StoreDamage[]): boolean {
  return damage.some(({ kind }) => !costsNothing(kind));
}

/** Places, for an error message. */
export function damageText(damage: readonly StoreDamage[]): string {
  const [first] = damage.filter(({ kind }) => !costsNothing(kind));
  return first === undefined ? "" : `: ${first.path} is damaged at offset ${first.offset}`;
}

function costsNothing(kind: StoreDamage["kind"]): boolean {
  return kind === "index";
}

function lostText({ what, first, last }: GroupLoss): string {
  if (what === "entries") return `entries ${first} to ${last}`;
  return what === "snapshot" ? `state up to entry ${last}` : "term and vote";
}
