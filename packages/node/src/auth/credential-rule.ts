import type { AuthConfig } from "../config/config.ts";
import { compilePattern } from "../metadata/name-pattern.ts";

/** What is wrong with a new password, in RabbitMQ's words; undefined: nothing. */
export type CredentialRule = (password: string) => string | undefined;

/**
 * The rule of `credential_validator.*` for passwords that arrive in clear text; a hash says nothing of its password.
 * @throws InvalidPatternError
 */
export function credentialRule(validator: AuthConfig["credentialValidator"]): CredentialRule {
  switch (validator.kind) {
    case "accept_everything":
      return () => undefined;
    case "min_password_length":
      return (password) =>
        characterCount(password) < validator.minLength
          ? `minimum required password length is ${validator.minLength}`
          : undefined;
    case "password_regexp": {
      const pattern = compilePattern(validator.regexp);
      return (password) =>
        pattern.test(password)
          ? undefined
          : "provided password does not match the validator regular expression";
    }
    default:
      return validator satisfies never;
  }
}

/** As a reader counts (Erlang's string:length): grapheme clusters. */
function characterCount(text: string): number {
  return Array.from(new Intl.Segmenter("en").segment(text)).length;
}
