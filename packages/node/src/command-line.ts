import { Command, CommanderError, Option } from "commander";
import { ConfigError } from "./config/config-error.ts";
import { FLAGS, type Flag, type FlagName, type FlagValues } from "./config/flags.ts";
import type { Environment } from "./config/given-flags.ts";
import { type LoadedConfig, loadConfig } from "./config/load-config.ts";
import { type InspectOptions, inspectCommand } from "./inspect/inspect-options.ts";
import { PRODUCT } from "./product.ts";

/** Wrong usage or configuration (sysexits.h, EX_USAGE). */
const EXIT_USAGE = 64;
const HELP_WIDTH = 100;

/** What a process is started with. */
export interface ProcessInput {
  /** Without the names of node and script. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  /** Of this machine; undefined: ask the system. */
  readonly host?: string;
}

/** `start`: go on with this configuration. `inspect`: show a data directory. `exit`: all is said; print and end. */
export type CommandLine =
  | ({ readonly kind: "start" } & LoadedConfig)
  | { readonly kind: "inspect"; readonly options: InspectOptions }
  | {
      readonly kind: "exit";
      readonly exitCode: 0 | typeof EXIT_USAGE;
      readonly stdout: string;
      readonly stderr: string;
    };

/** The only place that reads process.argv and process.env. `script`: the file that node was started with. */
export function processInput(): ProcessInput & { readonly script: string } {
  const [, script = "", ...argv] = process.argv;
  return {
    script,
    argv,
    // biome-ignore lint/style/noProcessEnv: the one place; everything else is given what it needs.
    env: process.env,
    cwd: process.cwd(),
  };
}

/** Reads flags and, with them, the configuration. Prints nothing, ends nothing. */
export function readCommandLine(input: ProcessInput): CommandLine {
  const [name, ...rest] = input.argv;
  return name === "inspect" ? readInspect(input, rest) : readStart(input);
}

function readStart(input: ProcessInput): CommandLine {
  let stdout = "";
  const command = makeCommand((text) => {
    stdout += text;
  });
  try {
    command.parse(input.argv, { from: "user" });
    const { env, cwd, host } = input;
    const flags = flagValues(command);
    const sources = { flags, env, cwd, ...(host === undefined ? {} : { host }) };
    return { kind: "start", ...loadConfig(sources) };
  } catch (error) {
    if (error instanceof ConfigError) return usageError(error.problems, START_HINT);
    return answer(error, stdout, START_HINT);
  }
}

function readInspect({ cwd }: ProcessInput, argv: readonly string[]): CommandLine {
  let stdout = "";
  let options: InspectOptions | undefined;
  const write = (text: string): void => {
    stdout += text;
  };
  const command = inspectCommand({ cwd, write }, (given) => {
    options = given;
  });
  try {
    command.parse(argv, { from: "user" });
  } catch (error) {
    return answer(error, stdout, INSPECT_HINT);
  }
  return options === undefined ? usageError([], INSPECT_HINT) : { kind: "inspect", options };
}

/** Commander throws help, too. @throws what is not Commander's */
function answer(error: unknown, stdout: string, hint: string): CommandLine {
  if (!(error instanceof CommanderError)) throw error;
  if (error.exitCode === 0) return { kind: "exit", exitCode: 0, stdout, stderr: "" };
  return usageError([error.message.replace(/^error: /, "").replaceAll("\n", " ")], hint);
}

const START_HINT = "Try `leveret --help`, or see docs/configuration.md.";
const INSPECT_HINT = "Try `leveret inspect --help`, or see docs/inspect.md.";

function usageError(problems: readonly string[], hint: string): CommandLine {
  const lines = problems.map((problem) => `leveret: ${problem}`);
  const stderr = `${[...lines, hint].join("\n")}\n`;
  return { kind: "exit", exitCode: EXIT_USAGE, stdout: "", stderr };
}

function makeCommand(write: (text: string) => void): Command {
  const command = new Command("leveret")
    .usage("[flags]\n       leveret inspect [flags] <data dir>")
    .description("A message broker that speaks AMQP 0-9-1 as RabbitMQ does.")
    .version(`leveret ${PRODUCT.productVersion}`, "-V, --version", "print the version and exit")
    .helpOption("-h, --help", "print this help and exit")
    .addHelpText("after", HELP_END)
    .allowExcessArguments(false)
    .exitOverride()
    // Errors arrive as exceptions; what is printed here is help and version.
    .configureOutput({
      writeOut: write,
      writeErr: () => undefined,
      getOutHelpWidth: () => HELP_WIDTH,
    });
  for (const flag of FLAGS) command.addOption(makeOption(flag));
  return command;
}

const HELP_END = `
Each flag is also an environment variable: --data-dir is LEVERET_DATA_DIR. A flag has precedence
over the environment, that over the configuration file. All keys of the file: docs/configuration.md.
\`leveret inspect\` shows what is in a data directory, and what is damaged in it: docs/inspect.md.

Examples:
  leveret --in-memory                        clients use amqp://guest:guest@localhost:5672
  leveret --amqp-port 0 --log-level debug    any free port, which the log names
  leveret --config /etc/rabbitmq/rabbitmq.conf --definitions definitions.json
`;

function makeOption(flag: Flag): Option {
  const term = flag.argument === undefined ? `--${flag.name}` : `--${flag.name} <${flag.argument}>`;
  const option = new Option(term, optionText(flag));
  if (flag.isRepeatable === true) {
    option.argParser((value: string, previous: readonly string[] | undefined) => [
      ...(previous ?? []),
      value,
    ]);
  }
  return option;
}

function optionText(flag: Flag): string {
  const fallback = flag.fallback === undefined ? "" : ` (default: ${flag.fallback})`;
  const effect = flag.withoutEffect === undefined ? "" : `; no effect: ${flag.withoutEffect}`;
  return `${flag.text}${fallback}${effect}`;
}

function flagValues(command: Command): FlagValues {
  const values: Partial<Record<FlagName, string | boolean | readonly string[]>> = {};
  for (const option of command.options) {
    const flag = FLAGS.find(({ name }) => `--${name}` === option.long);
    const value: unknown = command.getOptionValue(option.attributeName());
    // Commander gives a switch `true`, a value its text, and our parser makes lists of texts.
    if (flag !== undefined && value !== undefined)
      values[flag.name] = value as string | boolean | string[];
  }
  return values;
}
