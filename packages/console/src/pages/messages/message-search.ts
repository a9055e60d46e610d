import type { MessageInfo } from "../../api/types.ts";
import { headersOf, jsonOf, textOf } from "./message-content.ts";

/** Whether a message fits the search. */
export type MessageTest = (message: MessageInfo) => boolean;

type Comparison = "=" | "!=" | ">" | "<" | "~";

const TERM = /^(\$(?:\.[\w-]+|\[\d+\])*|header\.[\w.-]+|key|exchange)(?:(!=|=|>|<|~)(.*))?$/;

/**
 * A test made of words that all have to fit: `$.order.items[0].price>10` looks into a JSON body, `header.name=value` at a header,
 * `key=...` at the routing key, `exchange=...` at the exchange; `~` means "holds", and without a comparison it is enough to be there.
 * Any other word has to occur in body, headers or routing key. Words with blanks stand in double quotes. Nothing is evaluated.
 */
export function messageTest(search: string): MessageTest {
  const tests = wordsOf(search).map(termTest);
  return (message) => tests.every((test) => test(message));
}

function wordsOf(search: string): readonly string[] {
  return (search.match(/(?:[^\s"]+|"[^"]*")+/g) ?? []).map((word) => word.replaceAll('"', ""));
}

function termTest(word: string): MessageTest {
  const match = TERM.exec(word);
  if (match === null || (match[2] === undefined && !/^(\$|header\.)/.test(word))) {
    return plainTest(word);
  }
  const [, place = "", comparison, wanted = ""] = match;
  return (message) => {
    const value = valueAt(message, place);
    return comparison === undefined
      ? value !== undefined
      : compare(value, comparison as Comparison, wanted);
  };
}

function plainTest(word: string): MessageTest {
  const wanted = word.toLowerCase();
  return (message) =>
    [textOf(message) ?? "", message.routing_key ?? "", JSON.stringify(headersOf(message))].some(
      (text) => text.toLowerCase().includes(wanted),
    );
}

function valueAt(message: MessageInfo, place: string): unknown {
  if (place === "key") {
    return message.routing_key;
  }
  if (place === "exchange") {
    return message.exchange;
  }
  if (place.startsWith("header.")) {
    return headersOf(message)[place.slice("header.".length)];
  }
  return valueInJson(jsonOf(message), place);
}

/** The value at `path`, such as `$.a[0].b`; undefined if there is none. */
function valueInJson(json: unknown, path: string): unknown {
  let value = json;
  for (const step of path.match(/\.[\w-]+|\[\d+\]/g) ?? []) {
    if (typeof value !== "object" || value === null) {
      return undefined;
    }
    const key = step.startsWith(".") ? step.slice(1) : step.slice(1, -1);
    value = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  }
  return value;
}

function compare(value: unknown, comparison: Comparison, wanted: string): boolean {
  const text = typeof value === "string" ? value : (JSON.stringify(value) as string | undefined);
  switch (comparison) {
    case "=":
      return text === wanted;
    case "!=":
      return text !== wanted;
    case "~":
      return text?.toLowerCase().includes(wanted.toLowerCase()) ?? false;
    case ">":
      return value !== undefined && Number(value) > Number(wanted);
    case "<":
      return value !== undefined && Number(value) < Number(wanted);
  }
}
