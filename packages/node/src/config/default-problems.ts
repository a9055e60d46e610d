import { compilePattern, InvalidPatternError } from "../metadata/name-pattern.ts";
import { validatePolicyDefinition } from "../metadata/policy-validation.ts";
import type { AuthConfig, DefaultsConfig, PermissionPatterns } from "./config.ts";

/**
 * What is wrong with patterns and policies of `default_*` and `credential_validator`: found at boot rather than when the
 * first vhost that they are for is made.
 */
export function defaultProblems(defaults: DefaultsConfig, auth: AuthConfig): string[] {
  const { credentialValidator } = auth;
  const patterns: (readonly [string, string])[] = permissionPatterns(
    "default_permissions",
    defaults.permissions,
  );
  if (credentialValidator.kind === "password_regexp") {
    patterns.push(["credential_validator.regexp", credentialValidator.regexp]);
  }
  for (const { name, vhostPattern, permissions } of defaults.users) {
    const family = `default_users.${name}`;
    patterns.push([`${family}.vhost_pattern`, vhostPattern]);
    patterns.push(...permissionPatterns(family, permissions));
  }
  for (const { name, pattern } of defaults.vhostLimits) {
    patterns.push([`default_limits.vhosts.${name}.pattern`, pattern]);
  }
  for (const { name, vhostPattern, queuePattern } of defaults.operatorPolicies) {
    const family = `default_policies.operator.${name}`;
    patterns.push([`${family}.vhost_pattern`, vhostPattern]);
    patterns.push([`${family}.queue_pattern`, queuePattern]);
  }
  return [...patterns.flatMap(patternProblems), ...policyProblems(defaults)];
}

function permissionPatterns(
  family: string,
  { configure, write, read }: PermissionPatterns,
): [string, string][] {
  return [
    [`${family}.configure`, configure],
    [`${family}.write`, write],
    [`${family}.read`, read],
  ];
}

function patternProblems([key, pattern]: readonly [string, string]): string[] {
  try {
    compilePattern(pattern);
    return [];
  } catch (error) {
    if (error instanceof InvalidPatternError) return [`${key}: ${error.message}`];
    throw error;
  }
}

function policyProblems({ operatorPolicies }: DefaultsConfig): string[] {
  return operatorPolicies.flatMap(({ name, definition }) => {
    const problem = validatePolicyDefinition(new Map(Object.entries(definition)), true);
    return problem === undefined ? [] : [`default_policies.operator.${name}: ${problem}`];
  });
}
