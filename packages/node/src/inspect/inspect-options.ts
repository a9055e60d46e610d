import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";

/** What `leveret inspect` is to show. */
export interface InspectOptions {
  /** Absolute. */
  readonly directory: string;
  /** Show this one in detail; undefined: a list of all. */
  readonly groupId: number | undefined;
  /** Lines of each list; undefined: the default, which for JSON is all. */
  readonly limit: number | undefined;
  readonly isJson: boolean;
  /** Read only what a start of the broker reads. */
  readonly isQuick: boolean;
}

const HELP_WIDTH = 100;

/** The command `inspect` with its flags; `onOptions` gets what was asked for. */
export function inspectCommand(
  environment: { readonly cwd: string; write(text: string): void },
  onOptions: (options: InspectOptions) => void,
): Command {
  return new Command("leveret inspect")
    .description(
      "Shows what is in a data directory, and what is damaged in it. Changes nothing and takes no lock: safe on a " +
        "damaged directory and beside a running broker.",
    )
    .argument("<data dir>", "the broker's --data-dir")
    .option("--group <ID>", "show one group with its entries", positive)
    .option("--limit <N>", "lines of each list (default: 20; with --json all)", positive)
    .option("--quick", "read only what a start of the broker reads, not all contents")
    .option("--json", "print one JSON document for programs")
    .helpOption("-h, --help", "print this help and exit")
    .addHelpText("after", HELP_END)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => environment.write(text),
      writeErr: () => undefined,
      getOutHelpWidth: () => HELP_WIDTH,
    })
    .action((directory: string, flags: Flags) => {
      onOptions({
        directory: resolve(environment.cwd, directory),
        groupId: flags.group,
        limit: flags.limit,
        isJson: flags.json === true,
        isQuick: flags.quick === true,
      });
    });
}

interface Flags {
  readonly group?: number;
  readonly limit?: number;
  readonly quick?: boolean;
  readonly json?: boolean;
}

const HELP_END = `
Exit codes: 0 whole, 1 damage found, 64 wrong usage, 70 cannot be read.
What the output means, and what to do: docs/inspect.md.

Examples:
  leveret inspect ./data
  leveret inspect ./data --group 17 --limit 100
  leveret inspect ./data --json | jq .damage
`;

function positive(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0 && /^\d+$/.test(text)) return value;
  throw new InvalidArgumentError("It must be a whole number from 1 on.");
}
