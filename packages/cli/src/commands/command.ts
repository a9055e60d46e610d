import type { Caller } from "../caller.ts";
import type { Row } from "../cell.ts";
import type { CliError } from "../cli-error.ts";
import type { FormatterName } from "../formatters/format-rows.ts";
import type { OptionName, Options } from "../options.ts";

/** The programs that RabbitMQ has; each knows all commands here, and its help lists its own. */
export const TOOLS = [
  "rabbitmqctl",
  "rabbitmq-diagnostics",
  "rabbitmq-queues",
  "rabbitmq-plugins",
  "rabbitmq-upgrade",
] as const;
export type Tool = (typeof TOOLS)[number];

/** Headings of the list of commands, in its order. */
export const GROUPS = [
  "Help",
  "Nodes",
  "Cluster",
  "Replication",
  "Users",
  "Access Control",
  "Monitoring, observability and health checks",
  "Parameters",
  "Policies",
  "Virtual hosts",
  "Configuration and Environment",
  "Operations",
  "Queues",
  "Messages",
  "Feature flags",
  "Plugin Management",
  "Upgrade",
  "Deprecated",
] as const;
type Group = (typeof GROUPS)[number];

/** One command as it was given, checked for the number of its arguments. */
export interface Input {
  readonly args: readonly string[];
  readonly options: Options;
  /** Of the node that is asked: `rabbit@host`. */
  readonly node: string;
  readonly vhost: string;
  /** undefined: the command's own default. Infinity: for ever. */
  readonly timeoutMs: number | undefined;
  /** The name of the program, for texts. */
  readonly program: string;
  /** A line from stdin, for passwords; undefined: there is none. */
  readonly readLine: (prompt: string) => Promise<string | undefined>;
  /** Shows a line of progress, unless --quiet. */
  readonly say: (line: string) => Promise<void>;
  /** undefined: nobody looks. */
  readonly terminal: ScreenTerminal | undefined;
}

/** A terminal that shows screens, with somebody who presses keys. */
export interface ScreenTerminal {
  size(): { readonly rows: number; readonly columns: number };
  write(text: string): Promise<void>;
  /** Calls back for each key until what it returns is called. */
  onKey(listener: (key: string) => void): () => void;
}

/** What a command ends with, apart from errors. */
export type Output =
  | { readonly kind: "none" }
  /** --formatter json shows `value`; undefined: RabbitMQ's frame around the text. */
  | { readonly kind: "text"; readonly text: string; readonly value?: unknown }
  | {
      readonly kind: "rows";
      readonly columns: readonly string[];
      readonly rows: AsyncIterable<Row>;
      /** Without --formatter. */
      readonly formatter?: FormatterName;
      /** The table has no header even without an option. */
      readonly isBare?: boolean;
    }
  /** Shown one after the other as they come; --formatter json: one value a line. */
  | { readonly kind: "stream"; readonly items: AsyncIterable<StreamItem> };

/** Something that happened. */
export interface StreamItem {
  /** Shown with a line break behind it. */
  readonly text: string;
  readonly value: unknown;
}

export const NOTHING: Output = { kind: "none" };

/**
 * What state of the node's app the command needs; "any": the node has to answer only. "none": no node is asked. "later": each call
 * connects anew, as the node may not be there yet.
 */
type Needs = "running" | "stopped" | "any" | "none" | "later";

export interface Command {
  readonly name: string;
  readonly group: Group;
  /** Whose help lists it. */
  readonly tools: readonly Tool[];
  /** The other tools do not know it. */
  readonly isOwn?: boolean;
  /** What follows the name: `[--vhost <vhost>] <queue>`. */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Paragraphs for `help COMMAND`, each a heading and what it means. */
  readonly details?: readonly (readonly [string, string])[];
  /** Least and most arguments. */
  readonly count: readonly [number, number];
  /** Besides the general ones. */
  readonly options?: readonly OptionName[];
  readonly needs: Needs;
  /** --timeout is part of the usage line. */
  readonly hasTimeout?: boolean;
  /** @throws UsageError */
  readonly check?: (input: Input) => void;
  /** Shown before it runs, unless --quiet. undefined: nothing. */
  readonly banner?: (input: Input) => string | undefined;
  /** Options are not looked at: whatever is given, it is refused in the same way. */
  readonly hasAnyOptions?: boolean;
  /** The banner comes before the node is asked for anything. */
  readonly isBannerFirst?: boolean;
  /** Said on stderr before it runs; undefined: nothing. */
  readonly warn?: (input: Input) => string | undefined;
  /** @throws CliError, CallError, UnreachableError */
  readonly run: (input: Input, caller: Caller) => Promise<Output>;
  /** Its own words for a refusal of the node ("not_connected": it does not answer); undefined: the usual ones. */
  readonly explain?: (code: string, message: string, input: Input) => CliError | undefined;
}

/** The argument at a place that `count` says is there. */
export function arg(input: Input, at: number): string {
  return input.args[at] ?? "";
}
