import type { CliWorld } from "./cli-world.ts";
import { CommandRun } from "./command-run.ts";
import { COMMANDS } from "./commands/all-commands.ts";
import { EXIT } from "./exit-code.ts";
import { commandHelp, commandList, toolHelp } from "./help.ts";
import type { Options } from "./options.ts";
import { type Parsed, parseArguments } from "./parse-arguments.ts";
import { suggest } from "./suggest.ts";

/** Runs one command line; gives its exit code. */
export async function runCli(argv: readonly string[], world: CliWorld): Promise<number> {
  const parsed = parseArguments(argv);
  const own = await runOwnCommand(parsed, world);
  if (own !== undefined) return own;
  const { command: name = "" } = parsed;
  const command = COMMANDS.get(name);
  if (command === undefined) return refuseUnknown(name, world);
  return new CommandRun(command, parsed, argv, world).run();
}

/** `help`, `version`, `autocomplete`, or no command at all. */
async function runOwnCommand(parsed: Parsed, world: CliWorld): Promise<number | undefined> {
  const { command: name, options, args } = parsed;
  const { program, tool } = world;
  if (name === "version" || (name === undefined && options.version === true)) {
    await world.out(`${world.version}\n`);
    return EXIT.ok;
  }
  if (name === "autocomplete") {
    const [prefix = ""] = args;
    const names = [...COMMANDS.keys()].filter((other) => other.startsWith(prefix)).sort();
    await world.out(names.map((other) => `${other}\n`).join(""));
    return EXIT.ok;
  }
  if (name === "help" || (name !== undefined && options.help === true)) {
    return showHelp(name === "help" ? args[0] : name, options, world);
  }
  if (name !== undefined) return undefined;
  const text = `${toolHelp(program, tool, COMMANDS.values())}\n`;
  if (options.help === true) await world.out(text);
  else world.error(text);
  return options.help === true ? EXIT.ok : EXIT.usage;
}

async function showHelp(
  name: string | undefined,
  options: Options,
  { program, tool, out, error }: CliWorld,
): Promise<number> {
  if (name === undefined) {
    const isList = options["list-commands"] === true;
    const text = isList
      ? commandList(tool, COMMANDS.values())
      : toolHelp(program, tool, COMMANDS.values());
    await out(`${text}\n`);
    return EXIT.ok;
  }
  const command = COMMANDS.get(name);
  if (command !== undefined) {
    await out(`${commandHelp(program, command)}\n`);
    return EXIT.ok;
  }
  error(`Error:\n\nCommand '${name}' not found.\n`);
  return EXIT.usage;
}

function refuseUnknown(name: string, world: CliWorld): number {
  const similar = suggest(name, COMMANDS.keys());
  const rest =
    similar === undefined
      ? `${toolHelp(world.program, world.tool, COMMANDS.values())}\n`
      : `Did you mean '${similar}'? \n\n`;
  world.error(`\nCommand '${name}' not found. \n${rest}`);
  return EXIT.usage;
}
