import type { Caller } from "../src/caller.ts";
import type { Tool } from "../src/commands/command.ts";
import { runCli } from "../src/run-cli.ts";
import { type FakeAnswers, FakeCaller } from "./fake-caller.ts";

export interface ToolResult {
  readonly out: string;
  readonly error: string;
  readonly code: number;
}

export interface ToolOptions {
  readonly tool?: Tool;
  readonly program?: string;
  readonly answers?: FakeAnswers;
  /** Instead of a node that answers. */
  readonly connect?: () => Promise<Caller & { close(): void }>;
  /** Lines of stdin. */
  readonly input?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command line against a fake node. */
export async function runTool(
  args: readonly string[],
  {
    tool = "rabbitmqctl",
    program = tool,
    answers = {},
    connect,
    input = [],
    env,
  }: ToolOptions = {},
): Promise<ToolResult> {
  let out = "";
  let error = "";
  const lines = [...input];
  const code = await runCli(args, {
    tool,
    program,
    version: "1.2.3",
    env: { RABBITMQ_NODENAME: "rabbit@localhost", ...env },
    out: async (text) => {
      out += text;
    },
    error: (text) => {
      error += text;
    },
    readLine: async (prompt) => {
      out += `${prompt}\n`;
      return lines.shift();
    },
    terminal: undefined,
    connect: connect ?? (async () => new FakeCaller(answers)),
  });
  return { out, error, code };
}
