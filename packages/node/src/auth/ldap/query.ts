import { compilePattern, InvalidPatternError } from "../../metadata/name-pattern.ts";
import { parseTerm, type Term, TermError } from "./term-reader.ts";

/** What a query can be filled with: `${username}`, `${user_dn}`, `${vhost}` and so on. */
export type QueryVariables = Readonly<Record<string, string>>;

/** A question to the directory with yes or no as its answer, as RabbitMQ's LDAP backend has them. */
export type Query =
  | { readonly type: "constant"; readonly value: boolean }
  | { readonly type: "exists"; readonly dn: string }
  | { readonly type: "in_group"; readonly dn: string; readonly attribute: string }
  | { readonly type: "in_group_nested"; readonly dn: string; readonly attribute: string }
  | { readonly type: "for"; readonly cases: readonly QueryCase[] }
  | { readonly type: "not"; readonly query: Query }
  | { readonly type: "and" | "or"; readonly queries: readonly Query[] }
  | { readonly type: "equals" | "match"; readonly left: TextQuery; readonly right: TextQuery };

/** The first case whose variable has the value decides. */
interface QueryCase {
  readonly variable: string;
  readonly value: string;
  readonly query: Query;
}

/** A text: filled in, or an attribute of an object of the directory. */
export type TextQuery =
  | { readonly type: "string"; readonly pattern: string }
  | { readonly type: "attribute"; readonly dn: string; readonly attribute: string };

/** Tag -> whether the user has it. */
export type TagQueries = readonly { readonly tag: string; readonly query: Query }[];

/** A query that cannot be understood. */
export class QueryError extends Error {
  override readonly name = "QueryError";
}

/** Reads `{in_group, "cn=..."}` and the like. @throws QueryError */
export function parseQuery(text: string): Query {
  return queryOf(termOf(text));
}

/** Reads `[{administrator, {in_group, "cn=..."}}, ...]`. @throws QueryError */
export function parseTagQueries(text: string): TagQueries {
  const term = termOf(text);
  if (term.type !== "list") throw new QueryError("tags are a list of {tag, query}");
  return term.items.map((item) => {
    const [tag, query] = item.type === "tuple" ? item.items : [];
    if (tag?.type !== "atom" || query === undefined) {
      throw new QueryError("tags are a list of {tag, query}");
    }
    return { tag: tag.name, query: queryOf(query) };
  });
}

function termOf(text: string): Term {
  try {
    return parseTerm(text);
  } catch (error) {
    if (error instanceof TermError) throw new QueryError(error.message, { cause: error });
    throw error;
  }
}

function queryOf(term: Term): Query {
  const [head, first, second] = term.type === "tuple" ? term.items : [];
  const name = head?.type === "atom" ? head.name : "";
  switch (name) {
    case "constant":
      return { type: name, value: booleanOf(first) };
    case "exists":
      return { type: name, dn: textOf(first, name) };
    case "in_group":
    case "in_group_nested": {
      const attribute = second === undefined ? "member" : textOf(second, name);
      return { type: name, dn: textOf(first, name), attribute };
    }
    case "for":
      return { type: name, cases: listOf(first, name).map(caseOf) };
    case "not":
      return { type: name, query: required(first, name, queryOf) };
    case "and":
    case "or":
      return { type: name, queries: listOf(first, name).map(queryOf) };
    case "equals":
      return comparison(name, first, second);
    case "match":
      return checkedPattern(comparison(name, first, second));
    default:
      throw new QueryError(`there is no query '${name}'`);
  }
}

function comparison(
  type: "equals" | "match",
  left: Term | undefined,
  right: Term | undefined,
): Query & { readonly right: TextQuery } {
  return {
    type,
    left: required(left, type, textQueryOf),
    right: required(right, type, textQueryOf),
  };
}

/** Found wrong at boot, if it is written out. */
function checkedPattern<T extends { readonly right: TextQuery }>(query: T): T {
  const { right } = query;
  if (right.type === "string" && !right.pattern.includes("${")) {
    try {
      compilePattern(right.pattern);
    } catch (error) {
      if (error instanceof InvalidPatternError) {
        throw new QueryError(error.message, { cause: error });
      }
      throw error;
    }
  }
  return query;
}

function textQueryOf(term: Term): TextQuery {
  if (term.type === "text") return { type: "string", pattern: term.value };
  const [head, first, second] = term.type === "tuple" ? term.items : [];
  const name = head?.type === "atom" ? head.name : "";
  if (name === "string") return { type: name, pattern: textOf(first, name) };
  if (name === "attribute") {
    return { type: name, dn: textOf(first, name), attribute: textOf(second, name) };
  }
  throw new QueryError(`expected a text, {string, ...} or {attribute, ...}`);
}

/** `{permission, configure, Query}`. */
function caseOf(term: Term): QueryCase {
  const [variable, value, query] = term.type === "tuple" ? term.items : [];
  if (variable?.type !== "atom" || query === undefined) {
    throw new QueryError("a case of 'for' is {variable, value, query}");
  }
  const text = value?.type === "atom" ? value.name : textOf(value, "for");
  return { variable: variable.name, value: text, query: queryOf(query) };
}

function booleanOf(term: Term | undefined): boolean {
  if (term?.type === "atom" && (term.name === "true" || term.name === "false")) {
    return term.name === "true";
  }
  throw new QueryError("'constant' needs true or false");
}

function textOf(term: Term | undefined, query: string): string {
  if (term?.type === "text") return term.value;
  throw new QueryError(`'${query}' needs a "text"`);
}

function listOf(term: Term | undefined, query: string): readonly Term[] {
  if (term?.type === "list") return term.items;
  throw new QueryError(`'${query}' needs a list`);
}

function required<T>(term: Term | undefined, query: string, read: (term: Term) => T): T {
  if (term === undefined) throw new QueryError(`'${query}' lacks a part`);
  return read(term);
}
