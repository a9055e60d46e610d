import { hostname } from "node:os";
import { buildConfig } from "./build-config.ts";
import type { Config } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { findDefinitions, readConfigFiles } from "./config-files.ts";
import { deepFreeze } from "./deep-freeze.ts";
import type { FlagName, FlagValues } from "./flags.ts";
import { checkFlags, type Environment, GivenFlags } from "./given-flags.ts";
import { readRabbitmqVariables } from "./rabbitmq-variables.ts";
import { checkEntries } from "./settings.ts";
import type { Value } from "./value-type.ts";

export interface ConfigSources {
  /** From the command line. */
  readonly flags?: FlagValues;
  readonly env?: Environment;
  /** What relative names of flags and environment refer to; those in a file refer to its folder. */
  readonly cwd: string;
  /** Of this machine, for the node's name; its first word counts. */
  readonly host?: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** To be logged as warnings: unknown keys, settings that do not do what they seem to. */
  readonly warnings: readonly string[];
  /** To be logged at level info: keys that are accepted and have no effect. */
  readonly notices: readonly string[];
}

/**
 * Reads the configuration; precedence: flag, environment, file, default. Throws {@link ConfigError} with all
 * that is wrong in one go.
 */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const { cwd } = sources;
  const variables = readRabbitmqVariables(sources.env ?? {}, cwd);
  const {
    flags,
    errors: flagErrors,
    warnings: flagWarnings,
  } = checkFlags(sources.flags ?? {}, variables.env);
  if (flagErrors.length > 0) throw new ConfigError(flagErrors);
  const {
    files,
    entries,
    warnings: fileWarnings,
  } = readConfigFiles(flags.text("config"), cwd, variables.fragments);
  const checked = checkEntries([...entries, ...variables.entries]);
  const { settings } = checked;
  const isStrict = flags.isSet("strict-config") || settings.boolean("config.strict");
  const errors = [...checked.errors, ...(isStrict ? checked.unknownKeys : [])];
  if (errors.length > 0) throw new ConfigError(errors);
  const unknownKeys = isStrict ? [] : checked.unknownKeys;
  const host = sources.host ?? hostname();
  const { dataBase, hasLongNames } = variables;
  const config = buildConfig({ settings, flags, files, cwd, host, dataBase, hasLongNames });
  return {
    config: deepFreeze({ ...config, definitions: findDefinitions(config.definitions) }),
    warnings: [
      ...flagWarnings,
      ...variables.warnings,
      ...fileWarnings,
      ...unknownKeys,
      ...checked.warnings,
    ],
    notices: [...variables.notices, ...checked.withoutEffect],
  };
}

/** The configuration of a broker that nobody configured: port 5672, in memory. Spread it and change parts. */
export function defaultConfig(host: string = hostname()): Config {
  const flags = new GivenFlags(
    new Map<FlagName, Value>([
      ["in-memory", true],
      ["management-port", "off"],
      ["prometheus-port", "off"],
    ]),
  );
  return buildConfig({ settings: checkEntries([]).settings, flags, files: [], cwd: "/", host });
}
