import { RE2JS, RE2JSException } from "re2js";
import { badRequest } from "../http-error.ts";

export type NameFilter = (name: string) => boolean;

/**
 * What `name` and `use_regex` of a list mean: names that contain the text, or match the expression anywhere, both without regard to case
 * (RabbitMQ). The expression runs on an engine with linear time. undefined: all. @throws HttpError
 */
export function nameFilter(text: string, isRegex: boolean): NameFilter | undefined {
  if (text === "") return undefined;
  if (isRegex) return regexFilter(text);
  const wanted = text.toLowerCase();
  return (name) => name.toLowerCase().includes(wanted);
}

function regexFilter(text: string): NameFilter {
  try {
    const pattern = RE2JS.compile(text, RE2JS.CASE_INSENSITIVE);
    return (name) => pattern.matcher(name).find();
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw badRequest(`invalid regular expression: ${error.message}`, { cause: error });
  }
}
