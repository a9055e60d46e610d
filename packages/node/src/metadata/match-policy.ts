import type { NamePattern } from "./name-pattern.ts";
import type { ApplyTo, PolicyRecord, ResourceKind } from "./records.ts";

/** A policy with its compiled pattern. */
export interface CompiledPolicy {
  readonly record: PolicyRecord;
  readonly pattern: NamePattern;
}

const KINDS = {
  all: ["exchange", "classic_queue", "quorum_queue", "stream"],
  exchanges: ["exchange"],
  queues: ["classic_queue", "quorum_queue", "stream"],
  classic_queues: ["classic_queue"],
  quorum_queues: ["quorum_queue"],
  streams: ["stream"],
} as const satisfies Record<ApplyTo, readonly ResourceKind[]>;

const APPLY_TO: ReadonlySet<string> = new Set(Object.keys(KINDS));

export function isApplyTo(text: string): text is ApplyTo {
  return APPLY_TO.has(text);
}

/** Whether a policy is about resources of this kind at all. */
export function isAbout({ applyTo }: PolicyRecord, kind: ResourceKind): boolean {
  const kinds: readonly ResourceKind[] = KINDS[applyTo];
  return kinds.includes(kind);
}

/**
 * The one policy in force for a resource: the highest priority among those that match.
 * `policies` are this vhost's, sorted by name, so that every node breaks a tie the same way.
 */
export function matchPolicy(
  policies: readonly CompiledPolicy[],
  kind: ResourceKind,
  name: string,
): PolicyRecord | undefined {
  let best: PolicyRecord | undefined;
  for (const { record, pattern } of policies) {
    if (!isAbout(record, kind)) continue;
    if (best !== undefined && record.priority <= best.priority) continue;
    if (pattern.test(name)) best = record;
  }
  return best;
}
