import { Slices } from "../lists/slices.ts";
import type { JsonObject } from "../model/json.ts";
import type { ObjectRef, RuntimeObjects } from "../model/runtime-objects.ts";
import { SURVEY_AGE_MAX_MS, SURVEY_AGE_MIN_MS, SURVEY_REST } from "./console-limits.ts";
import { type DeadLetterTarget, deadLetterQueues, deadLetterTarget } from "./dead-letter-queues.ts";

/** What stands in an object of the API; undefined: nothing. */
type Found = JsonObject[string];

/** What may be the matter with a queue. */
export type QueueCondition =
  | "growing"
  | "no_consumers"
  | "stuck_unacked"
  | "dead_letters"
  | "no_leader";

export const QUEUE_CONDITIONS: readonly QueueCondition[] = [
  "growing",
  "no_consumers",
  "stuck_unacked",
  "dead_letters",
  "no_leader",
];

/** A queue at one moment. */
export interface SurveyedQueue {
  readonly vhost: string;
  readonly name: string;
  readonly conditions: ReadonlySet<QueueCondition>;
  /** undefined: none. */
  readonly leader: string | undefined;
  /** Nodes that have it, the leader among them. */
  readonly members: readonly string[];
  /** Those whose copy could lead now. */
  readonly available: readonly string[];
  /** It needs a majority of its members; otherwise one available member is enough. */
  readonly needsMajority: boolean;
}

/** Fewer ready messages than these are the ordinary play of a queue in use. */
const GROWING_READY_MIN = 10;

const PATHS = {
  type: "type",
  state: "state",
  leader: "node",
  members: "members",
  online: "online",
  mirrors: "slave_nodes",
  synchronised: "synchronised_slave_nodes",
  consumers: "consumers",
  messages: "messages",
  ready: "messages_ready",
  unacked: "messages_unacknowledged",
  growth: "messages_details.rate",
  acks: "message_stats.ack_details.rate",
  arguments: "arguments",
  policy: "effective_policy_definition",
} as const;

type Values = Readonly<Record<keyof typeof PATHS, Found>>;

interface Survey {
  /** While it is made: for ever. */
  goodUntilMs: number;
  readonly queues: Promise<readonly SurveyedQueue[]>;
}

const surveys = new WeakMap<RuntimeObjects, Survey>();

/**
 * All queues of the cluster as they were a few seconds ago; whoever asks meanwhile shares one look. One that took long is good for longer, so that
 * looking takes a twentieth of the time at most.
 */
export function surveyQueues(objects: RuntimeObjects): Promise<readonly SurveyedQueue[]> {
  const startedMs = performance.now();
  const known = surveys.get(objects);
  if (known !== undefined && startedMs < known.goodUntilMs) return known.queues;
  const survey: Survey = { goodUntilMs: Number.POSITIVE_INFINITY, queues: look(objects) };
  surveys.set(objects, survey);
  survey.queues.then(
    () => {
      survey.goodUntilMs = goodUntil(startedMs, performance.now());
    },
    () => surveys.delete(objects),
  );
  return survey.queues;
}

function goodUntil(startedMs: number, endedMs: number): number {
  const wanted = Math.max(SURVEY_AGE_MIN_MS, (endedMs - startedMs) * SURVEY_REST);
  return endedMs + Math.min(wanted, SURVEY_AGE_MAX_MS);
}

async function look(objects: RuntimeObjects): Promise<readonly SurveyedQueue[]> {
  const refs = await objects.queues.refs({});
  const slices = new Slices();
  const rows = await valuesOf(objects, refs, slices);
  const targets = (await each(rows, targetOf, slices)).filter((target) => target !== undefined);
  const bindings = targets.some(({ exchange }) => exchange !== "")
    ? await objects.bindings({})
    : [];
  const dead = deadLetterQueues(targets, bindings);
  const survey = ({ ref, values }: ValuesRow): SurveyedQueue =>
    surveyed(ref, values, dead.has(`${ref.vhost}\0${ref.name}`));
  return each(rows, survey, slices);
}

/** What `make` makes of each; other work gets its turn meanwhile. */
async function each<T, Made>(
  items: readonly T[],
  make: (item: T, at: number) => Made,
  slices: Slices,
): Promise<Made[]> {
  const all: Made[] = [];
  for (const [at, item] of items.entries()) {
    all.push(make(item, at));
    if (slices.isDue()) await slices.pause();
  }
  return all;
}

interface ValuesRow {
  readonly ref: ObjectRef;
  readonly values: Values;
}

async function valuesOf(
  { queues }: RuntimeObjects,
  refs: readonly ObjectRef[],
  slices: Slices,
): Promise<readonly ValuesRow[]> {
  const columns = new Map<string, readonly Found[]>();
  for (const [key, path] of Object.entries(PATHS)) {
    columns.set(key, await queues.values(refs, path.split(".")));
  }
  const rowAt = (ref: ObjectRef, at: number): ValuesRow => ({
    ref,
    // The keys are those of PATHS.
    values: Object.fromEntries([...columns].map(([key, values]) => [key, values[at]])) as Values,
  });
  return each(refs, rowAt, slices);
}

function targetOf({ ref, values }: ValuesRow): DeadLetterTarget | undefined {
  return deadLetterTarget(ref, objectIn(values.arguments), objectIn(values.policy));
}

function surveyed(ref: ObjectRef, values: Values, isForDeadLetters: boolean): SurveyedQueue {
  const isQuorum = values.type === "quorum";
  const leader = values.state === "down" ? undefined : textIn(values.leader);
  const own = leader === undefined ? [] : [leader];
  return {
    vhost: ref.vhost,
    name: ref.name,
    conditions: conditionsOf(values, isForDeadLetters),
    leader,
    members: isQuorum ? textsIn(values.members) : [...own, ...textsIn(values.mirrors)],
    available: isQuorum ? textsIn(values.online) : [...own, ...textsIn(values.synchronised)],
    needsMajority: isQuorum,
  };
}

function conditionsOf(values: Values, isForDeadLetters: boolean): ReadonlySet<QueueCondition> {
  const ready = numberIn(values.ready);
  const unacked = numberIn(values.unacked);
  const isFound: Readonly<Record<QueueCondition, boolean>> = {
    growing: numberIn(values.growth) > 0 && ready >= GROWING_READY_MIN,
    no_consumers: numberIn(values.consumers) === 0 && ready > 0 && !isForDeadLetters,
    stuck_unacked:
      unacked > 0 && ready > 0 && values.acks !== undefined && numberIn(values.acks) === 0,
    dead_letters: isForDeadLetters && ready + unacked > 0,
    no_leader: values.state === "down",
  };
  return new Set(QUEUE_CONDITIONS.filter((condition) => isFound[condition]));
}

function numberIn(value: Found): number {
  return typeof value === "number" ? value : 0;
}

function textIn(value: Found): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function textsIn(value: Found): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function objectIn(value: Found): JsonObject {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  // What is no list of JSON is an object of it.
  return isObject ? (value as JsonObject) : {};
}
