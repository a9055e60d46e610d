import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ConfigError } from "./config-error.ts";
import {
  type ConfEntry,
  type ConfFile,
  type ConfProblem,
  parseRabbitmqConf,
} from "./rabbitmq-conf.ts";

/** No real file is near this; it keeps a wrong name (a log, a core dump) from being read whole. */
const FILE_SIZE_MAX = 1024 * 1024;
const FILE_COUNT_MAX = 1000;
const DEFAULT_FILE = "leveret.conf";

/** What the configuration files hold, in order. */
export interface ConfigFiles {
  /** Absolute names. */
  readonly files: readonly string[];
  readonly entries: readonly ConfEntry[];
  readonly warnings: readonly string[];
}

/**
 * Reads the configuration file and after it, in order of their names, `*.conf` in `fragments`, which is `conf.d` beside it if nothing
 * else is said. Without a name: `leveret.conf` in `cwd`, if it is there. Throws {@link ConfigError}.
 */
export function readConfigFiles(
  name: string | undefined,
  cwd: string,
  fragments?: string,
): ConfigFiles {
  const main = findMainFile(name, cwd);
  const folder = fragments ?? (main === undefined ? undefined : join(dirname(main), "conf.d"));
  const files = [
    ...(main === undefined ? [] : [main]),
    ...(folder === undefined ? [] : fragmentsIn(folder)),
  ];
  const parsed = files.map((file): ConfFile => parseRabbitmqConf(readText(file), file));
  const errors = parsed.flatMap((file) => file.errors);
  if (errors.length > 0) throw new ConfigError(errors.map(problemText));
  return {
    files,
    entries: parsed.flatMap((file) => file.entries),
    warnings: parsed.flatMap((file) => file.warnings).map(problemText),
  };
}

/** Definitions files; a folder stands for its `*.json`, in order of their names. Throws {@link ConfigError}. */
export function findDefinitions(names: readonly string[]): readonly string[] {
  return names.flatMap((name) => {
    if (!existsSync(name)) throw new ConfigError([`definitions file ${name} does not exist`]);
    return statSync(name).isDirectory() ? filesIn(name, ".json") : name;
  });
}

function findMainFile(name: string | undefined, cwd: string): string | undefined {
  if (name === undefined) {
    const file = resolve(cwd, DEFAULT_FILE);
    return existsSync(file) ? file : undefined;
  }
  const file = resolve(cwd, name);
  // RabbitMQ takes the name with and without its ending.
  const found = [file, `${file}.conf`].find((candidate) => existsSync(candidate));
  if (found === undefined) throw new ConfigError([`configuration file ${file} does not exist`]);
  return found;
}

function fragmentsIn(folder: string): string[] {
  return existsSync(folder) && statSync(folder).isDirectory() ? filesIn(folder, ".conf") : [];
}

/** In order of their names. */
function filesIn(folder: string, ending: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(ending));
  if (names.length > FILE_COUNT_MAX) {
    throw new ConfigError([`${folder} holds more than ${FILE_COUNT_MAX} files`]);
  }
  return names.sort().map((name) => join(folder, name));
}

function readText(file: string): string {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) throw new ConfigError([`configuration file ${file} is not a file`]);
    if (stats.size > FILE_SIZE_MAX) {
      throw new ConfigError([`configuration file ${file} is larger than ${FILE_SIZE_MAX} bytes`]);
    }
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`configuration file ${file} cannot be read: ${reason}`], {
      cause: error,
    });
  }
}

function problemText({ file, line, column, text }: ConfProblem): string {
  return `${file}:${line}:${column}: ${text}`;
}
