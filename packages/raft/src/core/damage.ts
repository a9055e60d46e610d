import type { CoreState } from "./core-state.ts";
import type { IndexRange } from "./hard-state.ts";
import { NONE } from "./ids.ts";
import { stepDown } from "./leader.ts";
import { MessageType } from "./message.ts";

/** Entries that had been whole cannot be read any more. */
export function loseEntries(state: CoreState, range: IndexRange): void {
  const { log } = state;
  const first = Math.max(range.first, log.compactedIndex + 1);
  const last = Math.min(range.last, log.tailFirst - 1);
  log.rewrite(first, range.last);
  if (first > last) return;
  state.wake();
  state.promiseAtLeast(log.lastPosition());
  log.addHole({ first, last });
  state.verifiedIndex = Math.min(state.verifiedIndex, first - 1);
  if (state.role === "leader") stepDown(state);
  else if (state.role !== "follower") state.becomeFollower(state.currentTerm, NONE);
  reportDamageToLeader(state);
}

/** What this replica had acknowledged and lost has to be sent to it again. Repeated with each heartbeat until it is. */
export function reportDamageToLeader(state: CoreState): void {
  const { log } = state;
  if (log.holes.isEmpty || state.role !== "follower" || state.leader === NONE) return;
  const index = log.contiguousLast;
  // With a damaged snapshot, one that ends before the log begins would leave a gap.
  const hint = index < log.compactedIndex ? log.compactedIndex : 0;
  state.sendAfter({ type: MessageType.Damage, to: state.leader, index, hint });
}
