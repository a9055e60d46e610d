import type { QueryVariables } from "./query.ts";

const VARIABLE = /\$\{([a-z_]+)\}/g;

/** A pattern with its `${variables}` filled in; those that are not known stay (RabbitMQ). */
export function fillText(pattern: string, variables: QueryVariables): string {
  return pattern.replace(VARIABLE, (whole, name: string) => variables[name] ?? whole);
}

/**
 * The same for a distinguished name: what comes from users is taken literally, so that none of them can name another object. `user_dn`
 * is a whole name already.
 */
export function fillDn(pattern: string, variables: QueryVariables): string {
  return pattern.replace(VARIABLE, (whole, name: string) => {
    const value = variables[name];
    if (value === undefined) return whole;
    return name === "user_dn" ? value : escapeDnValue(value);
  });
}

/** RFC 4514, 2.4. */
function escapeDnValue(value: string): string {
  return value
    .replace(/[\\,+"<>;=]/g, "\\$&")
    .replace(/\0/g, "\\00")
    .replace(/^[ #]/, "\\$&")
    .replace(/ $/, "\\ ");
}

/** `DOMAIN\user` also fills `${ad_domain}` and `${ad_user}` (RabbitMQ). */
export function userVariables(username: string): QueryVariables {
  const [, domain, user] = /^([^\\]+)\\(.+)$/s.exec(username) ?? [];
  if (domain === undefined || user === undefined) return { username };
  return { username, ad_domain: domain, ad_user: user };
}
