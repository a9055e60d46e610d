import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import type { CliWorld } from "./cli-world.ts";
import type { ScreenTerminal, Tool } from "./commands/command.ts";
import { connectNode } from "./connect-node.ts";
import { EXIT } from "./exit-code.ts";
import { runCli } from "./run-cli.ts";

/** Runs the command line of this process as one of RabbitMQ's tools. */
export async function runMainProgram(tool: Tool): Promise<void> {
  const { argv } = process;
  // A reader that has enough (head) ends the output, which is no error of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? 0 : 1);
  });
  try {
    process.exitCode = await runCli(argv.slice(2), worldOf(tool));
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`Error:\n${text}\n`);
    process.exitCode = EXIT.software;
  }
}

function worldOf(tool: Tool): CliWorld {
  const { env, argv } = process;
  return {
    tool,
    program: programName(argv[1], tool),
    version: version(),
    env,
    out: write,
    error: (text) => {
      process.stderr.write(text);
    },
    readLine,
    terminal: screenTerminal(),
    connect: (address, options) => connectNode(address, options, env),
  };
}

/** As it was called; from the sources, or by a shim of npm, as RabbitMQ calls it. */
function programName(path: string | undefined, tool: Tool): string {
  const name = basename(path ?? "");
  return /^(leveretctl|rabbitmq[a-z-]*)$/.test(name) ? name : tool;
}

function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { version: own } = JSON.parse(text) as { version: string }; // Our own file: npm refuses one without it.
  return own;
}

/** Waits while the reader is slow, so that a long listing does not gather in memory. */
function write(text: string): Promise<void> {
  if (process.stdout.write(text)) return Promise.resolve();
  return new Promise((resolve) => {
    process.stdout.once("drain", resolve);
  });
}

function screenTerminal(): ScreenTerminal | undefined {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) return undefined;
  return {
    size: () => ({ rows: stdout.rows, columns: stdout.columns }),
    write,
    onKey: (listener) => {
      const onData = (data: Buffer): void => {
        for (const key of data.toString("utf8")) listener(key);
      };
      stdin.setRawMode(true);
      stdin.on("data", onData);
      return () => {
        stdin.off("data", onData);
        stdin.setRawMode(false);
        stdin.pause();
      };
    },
  };
}

/** A terminal does not show what is typed: it is a password. */
function readLine(prompt: string): Promise<string | undefined> {
  const { stdin, stdout } = process;
  const isTerminal = stdin.isTTY;
  stdout.write(prompt);
  if (isTerminal) stdin.setRawMode(true);
  const lines = createInterface({ input: stdin, terminal: isTerminal });
  return new Promise((resolve) => {
    let line: string | undefined;
    lines.once("line", (text) => {
      line = text;
      lines.close();
    });
    lines.once("close", () => {
      if (isTerminal) stdin.setRawMode(false);
      stdout.write("\n");
      stdin.unref();
      resolve(line);
    });
  });
}
