import {
  FLAG_NAMES,
  FLAGS,
  type Flag,
  type FlagName,
  type FlagValues,
  flagVariable,
} from "./flags.ts";
import { nearestName } from "./nearest-name.ts";
import { parseValue, type Value } from "./value-type.ts";

/** What Kubernetes sets in every pod for a service named leveret. */
const KUBERNETES = /_SERVICE_(HOST|PORT)|_PORT_\d+_(TCP|UDP)|^LEVERET_PORT$/;

/** Environment variables, as process.env has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The flags that were given, on the command line or in the environment, checked. */
export class GivenFlags {
  readonly #values: ReadonlyMap<FlagName, Value>;

  constructor(values: ReadonlyMap<FlagName, Value>) {
    this.#values = values;
  }

  text(name: FlagName): string | undefined {
    const value = this.#values.get(name);
    return typeof value === "string" ? value : undefined;
  }

  isSet(name: FlagName): boolean {
    return this.#values.get(name) === true;
  }

  /** undefined: not given. */
  port(name: FlagName): number | "off" | undefined {
    const value = this.#values.get(name);
    return typeof value === "number" || value === "off" ? value : undefined;
  }

  list(name: FlagName): readonly string[] {
    const value = this.#values.get(name);
    return Array.isArray(value) ? value : [];
  }
}

/** All texts are for people. */
export interface CheckedFlags {
  readonly flags: GivenFlags;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** Checks the flags; one that is not on the command line is taken from the environment. */
export function checkFlags(given: FlagValues, env: Environment): CheckedFlags {
  const values = new Map<FlagName, Value>();
  const errors: string[] = [];
  const warnings = unknownVariables(env);
  for (const flag of FLAGS) {
    const { origin, text } = origins(flag, given, env);
    if (text === undefined) continue;
    const value = readFlag(flag, text);
    if (value === undefined) {
      errors.push(wrongValueText(flag, origin, text));
      continue;
    }
    values.set(flag.name, value);
    if (flag.withoutEffect !== undefined && value !== "off") {
      warnings.push(`${origin} has no effect: ${flag.withoutEffect}`);
    }
  }
  return { flags: new GivenFlags(values), errors, warnings };
}

type FlagText = string | boolean | readonly string[];

function origins(
  flag: Flag,
  given: FlagValues,
  env: Environment,
): { readonly origin: string; readonly text: FlagText | undefined } {
  const text = given[flag.name];
  if (text !== undefined) return { origin: `--${flag.name}`, text };
  for (const variable of [flagVariable(flag.name), ...(flag.variables ?? [])]) {
    const value = env[variable];
    if (value !== undefined && !isNotMeant(value)) return { origin: variable, text: value };
  }
  return { origin: "", text: undefined };
}

/** Empty is what compose files make of an unset variable; `tcp://` is Kubernetes' word about a service. */
function isNotMeant(value: string): boolean {
  return value === "" || value.startsWith("tcp://");
}

function readFlag(flag: Flag, text: FlagText): Value | undefined {
  if (flag.isRepeatable === true) return typeof text === "string" ? text.split(",") : text;
  if (typeof text === "boolean") return text;
  if (typeof text !== "string") return undefined;
  const parsed = parseValue(switchWord(flag, text), flag.type);
  return parsed.ok ? parsed.value : undefined;
}

/** Environment variables often say 1 and 0. */
function switchWord(flag: Flag, text: string): string {
  if (flag.type.kind !== "boolean") return text;
  return text === "1" ? "true" : text === "0" ? "false" : text;
}

function wrongValueText(flag: Flag, origin: string, text: FlagText): string {
  const parsed = parseValue(String(text), flag.type);
  const expected = parsed.ok ? "given once" : parsed.expected;
  return `${origin} must be ${expected}, not \`${String(text).slice(0, 80)}\``;
}

function unknownVariables(env: Environment): string[] {
  const known = FLAG_NAMES.map(flagVariable);
  return Object.keys(env)
    .filter((name) => name.startsWith("LEVERET_") && !KUBERNETES.test(name))
    .filter((name) => !known.includes(name))
    .map((name) => {
      const nearest = nearestName(name, known);
      const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
      return `unknown environment variable ${name.slice(0, 80)}${hint}`;
    });
}
