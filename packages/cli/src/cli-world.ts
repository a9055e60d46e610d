import type { Caller } from "./caller.ts";
import type { ScreenTerminal, Tool } from "./commands/command.ts";
import type { NodeAddress } from "./node-address.ts";
import type { Options } from "./options.ts";

/** The world around a run: a real one in main.ts, a fake one in tests. */
export interface CliWorld {
  readonly tool: Tool;
  /** As the user called it: `leveretctl`. */
  readonly program: string;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  out(text: string): Promise<void>;
  error(text: string): void;
  /** The next line of stdin; undefined: there is none. */
  readLine(prompt: string): Promise<string | undefined>;
  /** undefined: the output goes elsewhere, or nobody types. */
  readonly terminal: ScreenTerminal | undefined;
  /** @throws UnreachableError */
  connect(address: NodeAddress, options: Options): Promise<Caller & { close(): void }>;
}
