import { type Command, GROUPS, type Tool } from "./commands/command.ts";
import { bold } from "./terminal.ts";

/** They have no node behind them, and stand apart from the table of commands. */
export const OWN_COMMANDS: readonly (readonly [name: string, summary: string])[] = [
  ["autocomplete", "Lists the commands that begin with a text"],
  ["completion", "Shows a script with which bash or zsh completes command lines"],
  ["help", "Shows how a command is used"],
  ["version", "Shows the version of this tool"],
];

const GENERAL_OPTIONS = [
  "The following options are accepted by all commands.",
  "",
  "short            | long                | description",
  "-----------------|---------------------|--------------------------------",
  "-?               | --help              | displays command help",
  "-n <node>        | --node <node>       | the node to ask: NAME@HOST, or NAME@HOST:PORT of its cluster port",
  "-l               | --longnames         | accepted without an effect",
  "-t               | --timeout <n>       | seconds to wait for the node",
  "-q               | --quiet             | suppress informational messages",
  "-s               | --silent            | suppress informational messages",
  "                                       | and table header row",
  "-p               | --vhost             | for commands that are scoped to a virtual host,",
  "                 |                     | virtual host to use",
  "                 | --formatter         | json, pretty_table, table, csv or erlang",
  "                 | --no-table-headers  | suppress the table header row",
  "                 | --cookie <text>     | the cluster's secret; better in a file",
  "                 | --cookie-file <file>| where it is",
  "                 | --tls-certfile, --tls-keyfile, --tls-cacertfile <file>",
  "                 |                     | if the cluster port uses TLS",
].join("\n");

/** How the command is written, with the options that matter most. */
function usageLine(program: string, { name, usage, hasTimeout }: Command): string {
  const parts = [
    `${program} [--node <node>] [--longnames] [--quiet] ${name}`,
    ...(usage === "" ? [] : [usage]),
    ...(hasTimeout === true ? ["[--timeout <timeout>]"] : []),
  ];
  return parts.join(" ");
}

/** What follows an error about usage. */
export function usageSection(program: string, command: Command): string {
  return `${bold("Usage")}\n\n${usageLine(program, command)}`;
}

/** `help COMMAND`. */
export function commandHelp(program: string, command: Command): string {
  const details = (command.details ?? []).map(([what, text]) => `${what}\n\t${text}\n`);
  return [
    "",
    usageSection(program, command),
    "",
    `${command.summary}.`,
    "",
    ...(details.length === 0 ? [] : ["", bold("Arguments and Options"), "", ...details]),
    "",
    bold("General Options"),
    "",
    GENERAL_OPTIONS,
    "",
  ].join("\n");
}

/** `help`: all commands of a tool, by what they are about. */
export function toolHelp(program: string, tool: Tool, commands: Iterable<Command>): string {
  return [
    "",
    bold("Usage"),
    "",
    `${program} [--node <node>] [--timeout <timeout>] [--longnames] [--quiet] <command> [<command options>]`,
    "",
    "Available commands:",
    commandList(tool, commands),
    `Use '${program} help <command>' to learn more about a specific command`,
  ].join("\n");
}

/** `help --list-commands`. */
export function commandList(tool: Tool, commands: Iterable<Command>): string {
  const shown = [...commands].filter(({ tools }) => tools.includes(tool));
  const width = Math.max(30, ...shown.map(({ name }) => name.length + 2));
  const line = (name: string, summary: string): string => `   ${name.padEnd(width)}${summary}`;
  const groups = GROUPS.map((group) => {
    const members = shown.filter((command) => command.group === group);
    const named = members.map(({ name, summary }): readonly [string, string] => [name, summary]);
    const entries = [...(group === "Help" ? OWN_COMMANDS : []), ...named].sort(byName);
    if (entries.length === 0) return "";
    return `\n${bold(group)}:\n\n${entries.map(([name, text]) => line(name, text)).join("\n")}\n`;
  });
  return groups.join("");
}

function byName([left]: readonly [string, string], [right]: readonly [string, string]): number {
  return left < right ? -1 : 1;
}
