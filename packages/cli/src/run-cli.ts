import type { CliWorld } from "./cli-world.ts";
import { CommandRun } from "./command-run.ts";
import { COMMANDS } from "./commands/all-commands.ts";
import type { Command } from "./commands/command.ts";
import { completionScript, SHELLS } from "./completion.ts";
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
  if (command === undefined || !isKnownTo(command, world)) return refuseUnknown(name, world);
  return new CommandRun(command, parsed, argv, world).run();
}

/** Names such as `list` mean something in one of the tools only. */
function isKnownTo({ tools, isOwn }: Command, { tool }: CliWorld): boolean {
  return isOwn !== true || tools.includes(tool);
}

function namesFor(world: CliWorld): readonly string[] {
  return [...COMMANDS.values()].filter((one) => isKnownTo(one, world)).map(({ name }) => name);
}

/** `help`, `version`, `autocomplete`, `completion`, or no command at all. */
async function runOwnCommand(parsed: Parsed, world: CliWorld): Promise<number | undefined> {
  const { command: name, options, args } = parsed;
  if (name === undefined) return runWithoutCommand(options, world);
  if (name === "version") return showVersion(world);
  if (name === "help") return showHelp(args[0], options, world);
  if (options.help === true) return showHelp(name, options, world);
  if (name === "autocomplete") return showNames(args[0] ?? "", world);
  if (name === "completion") return showCompletion(args[0] ?? "", world);
  return undefined;
}

async function runWithoutCommand(options: Options, world: CliWorld): Promise<number> {
  if (options.version === true) return showVersion(world);
  const text = `${toolHelp(world.program, world.tool, COMMANDS.values())}\n`;
  if (options.help === true) await world.out(text);
  else world.error(text);
  return options.help === true ? EXIT.ok : EXIT.usage;
}

async function showVersion(world: CliWorld): Promise<number> {
  await world.out(`${world.version}\n`);
  return EXIT.ok;
}

async function showNames(prefix: string, world: CliWorld): Promise<number> {
  const names = namesFor(world).filter((name) => name.startsWith(prefix));
  await world.out(
    names
      .sort()
      .map((name) => `${name}\n`)
      .join(""),
  );
  return EXIT.ok;
}

async function showCompletion(shell: string, world: CliWorld): Promise<number> {
  const known = SHELLS.find((one) => one === shell);
  if (known === undefined) {
    world.error(`Error (argument validation): the shell must be one of ${SHELLS.join(", ")}\n`);
    return EXIT.usage;
  }
  const { program, tool } = world;
  const commands = [...COMMANDS.values()].filter((one) => isKnownTo(one, world));
  await world.out(completionScript(known, { program, tool, commands }));
  return EXIT.ok;
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
  const similar = suggest(name, namesFor(world));
  const rest =
    similar === undefined
      ? `${toolHelp(world.program, world.tool, COMMANDS.values())}\n`
      : `Did you mean '${similar}'? \n\n`;
  world.error(`\nCommand '${name}' not found. \n${rest}`);
  return EXIT.usage;
}
