import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { LOG_CATEGORIES } from "../logger.ts";
import { ConfigError } from "./config-error.ts";
import type { Environment } from "./given-flags.ts";
import type { ConfEntry } from "./rabbitmq-conf.ts";

/** One environment variable of RabbitMQ's server or image that is no flag. Data: reading and documentation use it. */
export interface RabbitmqVariable {
  readonly name: string;
  readonly text: string;
  /** `quiet`: nobody is worse off. `loud`: whoever sets it relies on it. */
  readonly withoutEffect?: "quiet" | "loud";
}

const NO_ERLANG = "There is no Erlang.";
const NO_PLUGINS = "All that is there is on; there are no plugins to enable.";

/** In the order of the documentation. Those that are flags stand there: RABBITMQ_NODENAME, RABBITMQ_DEFAULT_USER and so on. */
export const RABBITMQ_VARIABLES: readonly RabbitmqVariable[] = [
  {
    name: "RABBITMQ_MNESIA_BASE",
    text: "Directory of data directories: the data are in the one of the node's name.",
  },
  { name: "RABBITMQ_CONFIG_FILES", text: "Directory of `*.conf`, instead of `conf.d`." },
  {
    name: "RABBITMQ_USE_LONGNAME",
    text: "`true`: the node's name has the whole name of the host.",
  },
  { name: "RABBITMQ_DEFAULT_USER_FILE", text: "File with the value of `RABBITMQ_DEFAULT_USER`." },
  { name: "RABBITMQ_DEFAULT_PASS_FILE", text: "File with the value of `RABBITMQ_DEFAULT_PASS`." },
  {
    name: "RABBITMQ_LOGS",
    text: "A log file, instead of the console; `-` is the console, `-stderr` its other stream.",
  },
  { name: "RABBITMQ_LOG_BASE", text: "`log.dir`." },
  {
    name: "RABBITMQ_LOG",
    text: "Levels, by commas: `debug`, or `connection.debug` for one category.",
  },
  {
    name: "RABBITMQ_VM_MEMORY_HIGH_WATERMARK",
    text: "`vm_memory_high_watermark`: a part of the memory (`0.4`, `40%`), or a size.",
  },
  { name: "RABBITMQ_PRODUCT_NAME", text: "`product.name`." },
  {
    name: "RABBITMQ_ADVANCED_CONFIG_FILE",
    text: "Erlang terms are not read; use the other file.",
    withoutEffect: "loud",
  },
  {
    name: "RABBITMQ_CONF_ENV_FILE",
    text: "Shell scripts are not read; set the variables themselves.",
    withoutEffect: "loud",
  },
  { name: "RABBITMQ_ENABLED_PLUGINS_FILE", text: NO_PLUGINS, withoutEffect: "quiet" },
  { name: "RABBITMQ_ENABLED_PLUGINS", text: NO_PLUGINS, withoutEffect: "quiet" },
  { name: "RABBITMQ_PLUGINS_DIR", text: NO_PLUGINS, withoutEffect: "quiet" },
  {
    name: "RABBITMQ_FEATURE_FLAGS",
    text: "All features are always enabled.",
    withoutEffect: "quiet",
  },
  {
    name: "RABBITMQ_PRODUCT_VERSION",
    text: "`product.version` is another thing here.",
    withoutEffect: "quiet",
  },
  { name: "RABBITMQ_SERVER_ERL_ARGS", text: NO_ERLANG, withoutEffect: "quiet" },
  { name: "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", text: NO_ERLANG, withoutEffect: "quiet" },
  { name: "RABBITMQ_SERVER_START_ARGS", text: NO_ERLANG, withoutEffect: "quiet" },
  { name: "RABBITMQ_MAX_NUMBER_OF_PROCESSES", text: NO_ERLANG, withoutEffect: "quiet" },
  { name: "RABBITMQ_IO_THREAD_POOL_SIZE", text: NO_ERLANG, withoutEffect: "quiet" },
];

/** What the variables say. */
export interface RabbitmqVariables {
  /** The environment with values that stood in files. */
  readonly env: Environment;
  /** As if they stood in a file that is read last. */
  readonly entries: readonly ConfEntry[];
  /** undefined: the data directory is named as a whole, or not at all. */
  readonly dataBase: string | undefined;
  /** undefined: conf.d beside the configuration file. */
  readonly fragments: string | undefined;
  readonly hasLongNames: boolean;
  /** For people. */
  readonly warnings: readonly string[];
  readonly notices: readonly string[];
}

/** `cwd`: what relative names refer to. @throws ConfigError if a file with a value cannot be read */
export function readRabbitmqVariables(env: Environment, cwd: string): RabbitmqVariables {
  const path = (name: string): string | undefined => {
    const value = textOf(env, name);
    return value === undefined ? undefined : resolve(cwd, value);
  };
  return {
    env: {
      ...env,
      ...valueInFile(env, "RABBITMQ_DEFAULT_USER", path("RABBITMQ_DEFAULT_USER_FILE")),
      ...valueInFile(env, "RABBITMQ_DEFAULT_PASS", path("RABBITMQ_DEFAULT_PASS_FILE")),
    },
    entries: [
      ...logFileEntries(textOf(env, "RABBITMQ_LOGS"), path("RABBITMQ_LOGS")),
      ...entryOf("RABBITMQ_LOG_BASE", ["log", "dir"], path("RABBITMQ_LOG_BASE")),
      ...levelEntries(textOf(env, "RABBITMQ_LOG")),
      ...watermarkEntries(textOf(env, "RABBITMQ_VM_MEMORY_HIGH_WATERMARK")),
      ...entryOf(
        "RABBITMQ_PRODUCT_NAME",
        ["product", "name"],
        textOf(env, "RABBITMQ_PRODUCT_NAME"),
      ),
    ],
    dataBase: path("RABBITMQ_MNESIA_BASE"),
    fragments: path("RABBITMQ_CONFIG_FILES"),
    hasLongNames: ["true", "1", "yes"].includes(textOf(env, "RABBITMQ_USE_LONGNAME") ?? ""),
    warnings: textsOf(env, "loud"),
    notices: textsOf(env, "quiet"),
  };
}

/** Empty is what compose files make of an unset variable. */
function textOf(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === "" ? undefined : value;
}

/** As secrets come into containers. The variable itself counts more. */
function valueInFile(env: Environment, name: string, file: string | undefined): Environment {
  if (file === undefined || textOf(env, name) !== undefined) return {};
  try {
    return { [name]: readFileSync(file, "utf8").replace(/\r?\n$/, "") };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`${name}_FILE: ${why}`], { cause: error });
  }
}

function textsOf(env: Environment, kind: "quiet" | "loud"): string[] {
  return RABBITMQ_VARIABLES.filter(({ withoutEffect }) => withoutEffect === kind)
    .filter(({ name }) => textOf(env, name) !== undefined)
    .map(({ name, text }) => `${name} is accepted and has no effect: ${text}`);
}

function entryOf(
  variable: string,
  path: readonly string[],
  value: string | undefined,
): readonly ConfEntry[] {
  return value === undefined ? [] : [{ path, value, file: variable, line: 1 }];
}

function logFileEntries(value: string | undefined, file: string | undefined): ConfEntry[] {
  const entry = (path: readonly string[], text: string): readonly ConfEntry[] =>
    entryOf("RABBITMQ_LOGS", ["log", ...path], text);
  if (value === undefined || file === undefined) return [];
  if (value !== "-" && value !== "-stderr") {
    return [...entry(["console"], "false"), ...entry(["file"], file)];
  }
  const stream = value === "-" ? "stdout" : "stderr";
  return [
    ...entry(["console"], "true"),
    ...entry(["console", "stdio"], stream),
    ...entry(["file"], "false"),
  ];
}

/** Colours (`+color`) are the console's own matter. What is neither a level nor a category's is refused as a wrong value. */
function levelEntries(value: string | undefined): readonly ConfEntry[] {
  const words = (value ?? "").split(",").map((word) => word.trim());
  return words
    .filter((word) => word !== "" && !word.startsWith("+") && !word.startsWith("-"))
    .flatMap((word) => {
      const [first = "", level] = word.split(".");
      const isOfCategory = level !== undefined && LOG_CATEGORIES.some((known) => known === first);
      if (isOfCategory) return entryOf("RABBITMQ_LOG", ["log", first, "level"], level);
      return [
        ...entryOf("RABBITMQ_LOG", ["log", "console", "level"], word),
        ...entryOf("RABBITMQ_LOG", ["log", "file", "level"], word),
      ];
    });
}

function watermarkEntries(value: string | undefined): readonly ConfEntry[] {
  if (value === undefined) return [];
  const key = "vm_memory_high_watermark";
  const variable = "RABBITMQ_VM_MEMORY_HIGH_WATERMARK";
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(value)?.[1];
  if (percent !== undefined)
    return entryOf(variable, [key, "relative"], String(Number(percent) / 100));
  const isPart = /^[01]?\.\d+$|^1$/.test(value);
  return entryOf(variable, [key, isPart ? "relative" : "absolute"], value);
}
