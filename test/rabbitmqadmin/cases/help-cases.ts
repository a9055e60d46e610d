import type { Group } from "./case.ts";
import { run } from "./case.ts";

export const HELP: Group = {
  name: "help",
  cases: [
    run("version", "--version"),
    { ...run("help", "help"), isToolText: true },
    { ...run("help on subcommands", "help", "subcommands"), isToolText: true },
    { ...run("help on the configuration file", "help", "config"), isToolText: true },
    run("help on nothing known", "help", "nothing"),
    run("no subcommand"),
    run("an unknown subcommand", "frobnicate"),
    { ...run("bash completion", "--bash-completion"), isToolText: true },
  ],
};
