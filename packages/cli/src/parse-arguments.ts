import { parseArgs } from "node:util";
import { OPTIONS, type OptionName, type Options } from "./options.ts";

export interface Parsed {
  /** undefined: no command was given. */
  readonly command: string | undefined;
  readonly args: readonly string[];
  readonly options: Options;
  /** As they were written; for the check which of them the command has. */
  readonly given: readonly GivenOption[];
  /** Not known, without the value they need, or with one they cannot have. */
  readonly invalid: readonly GivenOption[];
}

interface GivenOption {
  readonly name: string;
  /** `-t`, `--timeout`. */
  readonly raw: string;
  /** "" if there is none. */
  readonly value: string;
}

/**
 * Options may stand anywhere, before the command, too; `--` ends them. node:util does the splitting: it gives the tokens with which
 * RabbitMQ's texts can be made, and is there without an installation.
 */
export function parseArguments(argv: readonly string[]): Parsed {
  const { tokens, positionals } = parseArgs({
    args: [...argv],
    options: PARSE_OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given: GivenOption[] = [];
  const invalid: GivenOption[] = [];
  const options: Record<string, OptionValue> = {};
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const option = readOption(token);
    given.push(option.given);
    const { name } = option.given;
    if (option.value === undefined) invalid.push(option.given);
    else
      options[name] = isListOption(name)
        ? [...listOf(options[name]), String(option.value)]
        : option.value;
  }
  const [command, ...args] = positionals;
  return { command, args, options, given, invalid };
}

type OptionValue = boolean | number | string | readonly string[];

function isListOption(name: string): boolean {
  return isOptionName(name) && OPTIONS[name].kind === "list";
}

function listOf(value: OptionValue | undefined): readonly string[] {
  return typeof value === "object" ? value : [];
}

const PARSE_OPTIONS = Object.fromEntries(
  Object.entries(OPTIONS).map(([name, spec]) => [
    name,
    {
      type: spec.kind === "switch" ? ("boolean" as const) : ("string" as const),
      ...("short" in spec ? { short: spec.short } : {}),
    },
  ]),
);

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
}

/** `value` undefined: it is invalid. */
function readOption(token: OptionToken): {
  readonly given: GivenOption;
  readonly value: boolean | number | string | undefined;
} {
  const { isNegated, name } = negation(token.name);
  const given = { name, raw: token.rawName, value: token.value ?? "" };
  if (!isOptionName(name)) return { given, value: undefined };
  const { kind } = OPTIONS[name];
  if (kind === "switch")
    return { given, value: token.value === undefined ? !isNegated : undefined };
  if (isNegated || token.value === undefined) return { given, value: undefined };
  return { given, value: kind === "number" ? wholeNumber(token.value) : token.value };
}

/** `--no-table-headers` unsets `--table-headers`. */
function negation(written: string): { readonly isNegated: boolean; readonly name: string } {
  const name = written.startsWith("no-") ? written.slice("no-".length) : written;
  const isNegated = name !== written && isOptionName(name) && OPTIONS[name].kind === "switch";
  return isNegated ? { isNegated, name } : { isNegated, name: written };
}

function wholeNumber(text: string): number | undefined {
  if (text === "infinity") return Number.POSITIVE_INFINITY;
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}
