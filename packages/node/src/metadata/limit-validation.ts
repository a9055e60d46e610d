import type { LimitDefinition } from "./commands.ts";
import { jsonTerm, pairsTerm } from "./json-term.ts";

export const VHOST_LIMITS: readonly string[] = ["max-connections", "max-queues"];
export const USER_LIMITS: readonly string[] = ["max-connections", "max-channels"];

/**
 * What is wrong with limits, in RabbitMQ's words; undefined: nothing. Negative numbers are allowed and mean "no
 * limit". `owner` is RabbitMQ's name for the whole: `limits` of vhosts, `user-limits` of users.
 */
export function validateLimits(
  limits: LimitDefinition,
  names: readonly string[],
  owner: string,
): string | undefined {
  const unknown = Array.from(limits).filter(([name]) => !names.includes(name));
  if (unknown.length > 0) return `Unrecognised terms ${pairsTerm(unknown)} in ${owner}`;
  for (const [name, value] of limits) {
    if (Number.isSafeInteger(value)) continue;
    return `${name} should be a number, actually was ${jsonTerm(value)}`;
  }
  return undefined;
}

/** The number of a validated limit; undefined: not named. */
export function limitOf(limits: LimitDefinition, name: string): number | undefined {
  const value = limits.get(name);
  return typeof value === "number" ? value : undefined;
}

/** A limit as code should use it: undefined when there is none (not set, or negative). */
export function effectiveLimit(limit: number | undefined): number | undefined {
  return limit === undefined || limit < 0 ? undefined : limit;
}
