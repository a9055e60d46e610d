import { compilePattern } from "../../metadata/name-pattern.ts";
import type { Directory } from "./directory.ts";
import { fillDn, fillText } from "./fill-pattern.ts";
import type { Query, QueryVariables, TextQuery } from "./query.ts";

/** Groups within groups that are followed, and objects that are looked at: a circle ends. */
const NESTED_GROUPS_MAX = 1000;

/** Whose membership in groups is asked for, and what patterns are filled with. */
export interface QueryContext {
  readonly userDn: string;
  readonly variables: QueryVariables;
  /** Where groups within groups are looked for; undefined: nowhere. */
  readonly groupLookupBase: string | undefined;
}

/** Answers a query; it may ask the directory several times. Rejects with the directory's error. */
export async function evaluate(
  query: Query,
  context: QueryContext,
  directory: Directory,
): Promise<boolean> {
  switch (query.type) {
    case "constant":
      return query.value;
    case "exists":
      return directory.exists(fillDn(query.dn, context.variables));
    case "in_group": {
      const group = fillDn(query.dn, context.variables);
      return directory.hasValue(group, query.attribute, context.userDn);
    }
    case "in_group_nested":
      return isInNestedGroup(query, context, directory);
    case "for":
      return evaluateCases(query, context, directory);
    case "not":
      return !(await evaluate(query.query, context, directory));
    case "and":
      for (const part of query.queries) {
        if (!(await evaluate(part, context, directory))) return false;
      }
      return true;
    case "or":
      for (const part of query.queries) {
        if (await evaluate(part, context, directory)) return true;
      }
      return false;
    case "equals":
    case "match":
      return compare(query, context, directory);
    default:
      return query satisfies never;
  }
}

/** Without a case that fits, nobody is let in: the query was not written for this question. */
async function evaluateCases(
  query: Query & { readonly type: "for" },
  context: QueryContext,
  directory: Directory,
): Promise<boolean> {
  const found = query.cases.find(({ variable, value }) => context.variables[variable] === value);
  return found !== undefined && evaluate(found.query, context, directory);
}

/** A text that is not there equals nothing and matches nothing. */
async function compare(
  query: Query & { readonly type: "equals" | "match" },
  context: QueryContext,
  directory: Directory,
): Promise<boolean> {
  const left = await textOf(query.left, context, directory);
  const right = await textOf(query.right, context, directory);
  if (left === undefined || right === undefined) return false;
  return query.type === "equals" ? left === right : compilePattern(right).test(left);
}

async function textOf(
  query: TextQuery,
  { variables }: QueryContext,
  directory: Directory,
): Promise<string | undefined> {
  if (query.type === "string") return fillText(query.pattern, variables);
  return directory.attribute(fillDn(query.dn, variables), query.attribute);
}

/** Goes up from the groups that the user is in, to the groups that those are in. */
async function isInNestedGroup(
  query: Query & { readonly type: "in_group_nested" },
  context: QueryContext,
  directory: Directory,
): Promise<boolean> {
  const { userDn, variables, groupLookupBase } = context;
  const wanted = comparable(fillDn(query.dn, variables));
  if (groupLookupBase === undefined) return false;
  const seen = new Set<string>();
  const waiting = [userDn];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const group of await directory.objectsWith(groupLookupBase, query.attribute, next)) {
      const name = comparable(group);
      if (name === wanted) return true;
      if (seen.has(name) || seen.size >= NESTED_GROUPS_MAX) continue;
      seen.add(name);
      waiting.push(group);
    }
  }
  return false;
}

/** Names of objects do not differ by case or blanks around commas. */
function comparable(dn: string): string {
  return dn.toLowerCase().replace(/\s*([,=+])\s*/g, "$1");
}
