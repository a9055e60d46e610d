import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { COMMANDS } from "../src/commands/all-commands.ts";
import { type Command, GROUPS, type Tool } from "../src/commands/command.ts";

const PAGE: string = readFileSync(join(import.meta.dirname, "../../../docs/cli.md"), "utf8");

/** How the page names the tools whose help lists a command. */
const LETTERS: Readonly<Record<Tool, string>> = {
  rabbitmqctl: "c",
  "rabbitmq-diagnostics": "d",
  "rabbitmq-queues": "q",
  "rabbitmq-plugins": "p",
  "rabbitmq-upgrade": "u",
};

function commandRow({ name, usage, summary, tools }: Command): string {
  const line = [name, usage].filter((part) => part !== "").join(" ");
  const letters = tools.map((tool) => LETTERS[tool]).join(" ");
  return `| \`${line.replaceAll("|", "\\|")}\` | ${summary} | ${letters} |`;
}

/** The page's rows about commands, in its order. */
function rowsOf(commands: readonly Command[]): readonly string[] {
  return GROUPS.flatMap((group) => {
    const members = commands.filter((command) => command.group === group);
    if (members.length === 0) return [];
    const sorted = members.toSorted((one, other) => (one.name < other.name ? -1 : 1));
    return [`| **${group}** | | |`, ...sorted.map(commandRow)];
  });
}

const all: readonly Command[] = [...COMMANDS.values()];

test("docs/cli.md has a row for each command, as its help describes it", () => {
  const wanted = rowsOf(all.filter(({ tools }) => tools.length > 0));
  const [, table = ""] = PAGE.split("| command | what it does | tools |\n|---|---|---|\n");
  const [rows = ""] = table.split("\n\n");
  expect(rows.split("\n")).toEqual(wanted);
});

test("... and says of each other command of RabbitMQ what to do instead", () => {
  const unsupported = all.filter(({ tools }) => tools.length === 0);
  expect(unsupported.length).toBeGreaterThan(30);
  const missing = unsupported.filter(({ name }) => !PAGE.includes(`\`${name}\``));
  expect(missing.map(({ name }) => name)).toEqual([]);
});
