import { valuesByKey } from "./compare-text.ts";
import { jsonTerm, pairsTerm } from "./json-term.ts";
import type { JsonValue } from "./json-value.ts";
import { MIRRORING_KEYS, validateMirroring } from "./mirroring-validation.ts";
import type { PolicyDefinition } from "./records.ts";

/** Whether a value fits, and how RabbitMQ goes on after the value when it does not. */
interface KeyRule {
  readonly fits: (value: JsonValue) => boolean;
  readonly otherwise: string;
}

function rule(fits: (value: JsonValue) => boolean, noun: string): KeyRule {
  return { fits, otherwise: `is not a valid ${noun}` };
}

const SEGMENT_SIZE_MAX = 3_000_000_000;

function integer(
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): (value: JsonValue) => boolean {
  return (value) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
}

function oneOf(...choices: readonly JsonValue[]): (value: JsonValue) => boolean {
  return (value) => choices.includes(value);
}

function isString(value: JsonValue): boolean {
  return typeof value === "string";
}

function isAge(value: JsonValue): boolean {
  return typeof value === "string" && /^\d+[YMDhms]$/.test(value);
}

/** Keys of RabbitMQ 3.13 and 4.3 and of LavinMQ, except mirroring. */
const RULES: ReadonlyMap<string, KeyRule> = new Map([
  ["alternate-exchange", rule(isString, "alternate exchange name")],
  ["consumer-disconnected-timeout", rule(integer(0), "consumer disconnected timeout")],
  ["consumer-timeout", rule(integer(0), "consumer timeout")],
  ["dead-letter-exchange", rule(isString, "dead letter exchange name")],
  ["dead-letter-routing-key", rule(isString, "dead letter routing key")],
  ["dead-letter-strategy", rule(oneOf("at-most-once", "at-least-once"), "dead letter strategy")],
  ["delayed-message", rule(oneOf(true, false), "delayed message value")],
  ["delayed-retry-max", rule(integer(0), "delayed retry maximum")],
  ["delayed-retry-min", rule(integer(0), "delayed retry minimum")],
  [
    "delayed-retry-type",
    rule(oneOf("disabled", "all", "failed", "returned"), "delayed retry type"),
  ],
  ["delivery-limit", rule(integer(0), "delivery limit")],
  ["expires", rule(integer(1), "queue expiry")],
  ["federation-upstream", rule(isString, "federation upstream name")],
  ["federation-upstream-pattern", rule(isString, "federation upstream pattern")],
  ["federation-upstream-set", rule(isString, "federation upstream set name")],
  ["initial-cluster-size", rule(integer(0), "cluster size")],
  ["max-age", rule(isAge, "max age")],
  ["max-in-memory-bytes", rule(integer(0), "maximum memory in bytes")],
  ["max-in-memory-length", rule(integer(0), "maximum memory in bytes")],
  ["max-length", rule(integer(0), "maximum length")],
  ["max-length-bytes", rule(integer(0), "maximum length in bytes")],
  ["message-ttl", rule(integer(0), "message TTL")],
  ["overflow", rule(oneOf("drop-head", "reject-publish", "reject-publish-dlx"), "overflow value")],
  [
    "queue-leader-locator",
    rule(
      oneOf("client-local", "balanced", "random", "least-leaders"),
      "queue leader locator value",
    ),
  ],
  [
    "queue-master-locator",
    {
      fits: oneOf("min-masters", "client-local", "random"),
      otherwise: "invalid queue-master-locator value",
    },
  ],
  ["queue-mode", rule(oneOf("default", "lazy"), "queue-mode value")],
  ["queue-version", rule(oneOf(1, 2), "queue-version value")],
  ["stream-filter-size-bytes", rule(integer(16, 255), "filter size")],
  ["stream-max-segment-size-bytes", rule(integer(0, SEGMENT_SIZE_MAX), "segment size")],
  ["target-group-size", rule(integer(0), "target group size")],
]);

/** The keys that an operator policy may have (RabbitMQ 3.13 and 4.3). */
const OPERATOR_KEYS: ReadonlySet<string> = new Set([
  "delayed-retry-max",
  "delayed-retry-min",
  "delayed-retry-type",
  "delivery-limit",
  "expires",
  "ha-mode",
  "ha-params",
  "ha-sync-mode",
  "max-in-memory-bytes",
  "max-in-memory-length",
  "max-length",
  "max-length-bytes",
  "message-ttl",
  "overflow",
  "queue-master-locator",
  "queue-version",
  "target-group-size",
]);

/**
 * What is wrong with a policy's definition, in RabbitMQ's words; undefined: nothing. Keys are looked at in their
 * order, wrong values come before mirroring and unknown keys, and only the first problem is told.
 */
export function validatePolicyDefinition(
  definition: PolicyDefinition,
  operator: boolean,
): string | undefined {
  if (definition.size === 0) return "no policy provided";
  const pairs = sortedPairs(definition);
  const known = pairs.filter(([key]) => !operator || OPERATOR_KEYS.has(key));
  const unknown = pairs.filter(([key]) => !isKnown(key) || (operator && !OPERATOR_KEYS.has(key)));
  return (
    firstWrongValue(known) ??
    validateMirroring(new Map(known)) ??
    (unknown.length === 0 ? undefined : `${pairsTerm(unknown)} are not recognised policy settings`)
  );
}

type Pair = readonly [string, JsonValue];

function sortedPairs(definition: PolicyDefinition): Pair[] {
  const byKey = new Map(Array.from(definition, (pair): [string, Pair] => [pair[0], pair]));
  return valuesByKey(byKey);
}

function isKnown(key: string): boolean {
  return RULES.has(key) || MIRRORING_KEYS.has(key);
}

function firstWrongValue(pairs: readonly Pair[]): string | undefined {
  for (const [key, value] of pairs) {
    const keyRule = RULES.get(key);
    if (keyRule !== undefined && !keyRule.fits(value)) {
      return `${jsonTerm(value)} ${keyRule.otherwise}`;
    }
  }
  return undefined;
}
