import { type Refusal, refused, type SetPolicy } from "./commands.ts";
import { compareText } from "./compare-text.ts";
import { jsonTerm } from "./json-term.ts";
import { type CompiledPolicy, isApplyTo, matchPolicy } from "./match-policy.ts";
import { compilePattern, InvalidPatternError, type NamePattern } from "./name-pattern.ts";
import { validatePolicyDefinition } from "./policy-validation.ts";
import type { PolicyRecord, ResourceKind } from "./records.ts";

/** RabbitMQ's frame around what is wrong with a parameter. */
export function validationFailed(problem: string): Refusal {
  return refused("validation_failed", `Validation failed\n\n${problem}\n`);
}

/** The policies, or the operator policies, of one vhost. */
export class PolicySet {
  /** Sorted by name; replaced, never changed in place. */
  #policies: readonly CompiledPolicy[] = [];

  get records(): readonly PolicyRecord[] {
    return this.#policies.map((policy) => policy.record);
  }

  get(name: string): PolicyRecord | undefined {
    return this.#policies.find((policy) => policy.record.name === name)?.record;
  }

  match(kind: ResourceKind, name: string): PolicyRecord | undefined {
    if (this.#policies.length === 0) return undefined;
    return matchPolicy(this.#policies, kind, name);
  }

  set(policy: CompiledPolicy): void {
    const others = this.#policies.filter(({ record }) => record.name !== policy.record.name);
    others.push(policy);
    others.sort((left, right) => compareText(left.record.name, right.record.name));
    this.#policies = others;
  }

  /** The removed policy; undefined: there was none of this name. */
  clear(name: string): PolicyRecord | undefined {
    const record = this.get(name);
    this.#policies = this.#policies.filter((policy) => policy.record.name !== name);
    return record;
  }
}

/** Checks a policy in RabbitMQ's order (priority, pattern, apply-to, definition) and compiles its pattern. */
export function compilePolicy(command: SetPolicy): CompiledPolicy | Refusal {
  const { vhost, name, applyTo, priority, definition } = command;
  if (!Number.isSafeInteger(priority)) {
    return validationFailed(`priority should be a number, actually was ${jsonTerm(priority)}`);
  }
  const pattern = tryCompile(command.pattern);
  if (pattern instanceof InvalidPatternError) {
    return validationFailed(`pattern should be regular expression but is invalid: ${pattern.term}`);
  }
  if (!isApplyTo(applyTo)) {
    return validationFailed(
      `apply-to '${applyTo}' unrecognised; should be one of: 'queues', 'classic_queues', ` +
        "'quorum_queues', 'streams', 'exchanges', or 'all'",
    );
  }
  const problem = validatePolicyDefinition(definition, command.type === "setOperatorPolicy");
  if (problem !== undefined) return validationFailed(problem);
  const record = { vhost, name, pattern: command.pattern, applyTo, priority, definition };
  return { record, pattern };
}

function tryCompile(pattern: string): NamePattern | InvalidPatternError {
  try {
    return compilePattern(pattern);
  } catch (error) {
    if (error instanceof InvalidPatternError) return error;
    throw error;
  }
}
