import { FLAGS, type Flag, flagVariable } from "../../src/config/flags.ts";
import { RABBITMQ_VARIABLES, type RabbitmqVariable } from "../../src/config/rabbitmq-variables.ts";
import { CONFIG_SECTIONS } from "../../src/config/schema.ts";
import type { ConfigKey } from "../../src/config/schema-key.ts";
import { describeType } from "../../src/config/value-type.ts";

/** Puts tables made from the code between the markers of docs/configuration.md. */
export function withTables(page: string): string {
  const tables = { flags: flagTable(), variables: variableTable(), keys: keyTables() };
  return Object.entries(tables).reduce((text, [name, table]) => {
    return replaceBetween(text, name, table);
  }, page);
}

function replaceBetween(page: string, name: string, text: string): string {
  const start = `<!-- ${name}: made from the code, do not edit -->`;
  const end = `<!-- end of ${name} -->`;
  const from = page.indexOf(start);
  const to = page.indexOf(end);
  if (from === -1 || to === -1) throw new Error(`the page has no markers for ${name}`);
  return `${page.slice(0, from + start.length)}\n${text}\n${page.slice(to)}`;
}

function flagTable(): string {
  const rows = FLAGS.map((flag) => [
    `\`--${flag.name}${flag.argument === undefined ? "" : ` ${flag.argument}`}\``,
    [flagVariable(flag.name), ...(flag.variables ?? [])].map(code).join(", "),
    flag.fallback ?? "",
    flagText(flag),
  ]);
  return table(["flag", "environment", "default", "meaning"], rows);
}

function flagText(flag: Flag): string {
  const repeat =
    flag.isRepeatable === true ? "; repeatable, in the environment separated by commas" : "";
  const effect = flag.withoutEffect === undefined ? "" : ` **No effect: ${flag.withoutEffect}.**`;
  return `${flag.text}${repeat}.${effect}`;
}

function variableTable(): string {
  const rows = RABBITMQ_VARIABLES.map((variable) => [code(variable.name), variableText(variable)]);
  return table(["variable", "meaning"], rows);
}

function variableText({ text, withoutEffect }: RabbitmqVariable): string {
  if (withoutEffect === undefined) return text;
  return `No effect (${withoutEffect === "loud" ? "a warning" : "logged at info"}). ${text}`;
}

function keyTables(): string {
  return CONFIG_SECTIONS.map(({ title, keys }) => {
    const active = keys.filter((key) => key.withoutEffect === undefined);
    const idle = keys.filter((key) => key.withoutEffect !== undefined);
    return [`### ${title}`, ...activeTable(active), ...idleTable(idle)].join("\n\n");
  }).join("\n\n");
}

function activeTable(keys: readonly ConfigKey[]): string[] {
  if (keys.length === 0) return [];
  const rows = keys.map((key) => [
    code(key.pattern),
    describeType(key.type),
    key.fallback === undefined ? "" : code(key.fallback),
    key.text,
  ]);
  return [table(["key", "value", "default", "effect"], rows)];
}

function idleTable(keys: readonly ConfigKey[]): string[] {
  if (keys.length === 0) return [];
  const rows = keys.map((key) => [
    code(key.pattern),
    key.withoutEffect === "quiet" ? "info" : "warning",
    key.text,
  ]);
  return ["Accepted, without effect:", table(["key", "reported as", "because"], rows)];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => {
    return `| ${cells.map((cell) => escapeCell(cell)).join(" | ")} |`;
  };
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** `<` would begin an HTML tag, outside of code. */
function escapeCell(text: string): string {
  const bars = text.replaceAll("|", "\\|");
  return bars.startsWith("`") ? bars : bars.replaceAll("<", "\\<");
}

function code(text: string): string {
  return `\`${text}\``;
}
