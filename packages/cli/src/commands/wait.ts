import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { ControlError } from "@leveret/control";
import { type Caller, UnreachableError } from "../caller.ts";
import { CliError, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, type Input, NOTHING } from "./command.ts";

/** RabbitMQ: wait. */
const TIMEOUT_DEFAULT_MS = 10_000;
/** Between two looks at the file, the process and the node. */
const LOOK_MS = 200;

/** Waits for the file with the node's process id, the process and the node. */
export const WAIT_COMMAND: Command = {
  name: "wait",
  group: "Nodes",
  tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
  usage: "[<pidfile>] [--pid|-P <pid>]",
  hasTimeout: true,
  summary: "Waits until the node whose process id is in a file serves clients",
  details: [
    ["<pidfile>", "the node's --pid-file, which need not be there yet"],
    ["<pid>", "the process id itself instead"],
  ],
  count: [0, 1],
  options: ["pid"],
  needs: "later",
  check: (input) => {
    const { args, options } = input;
    if (args.length === 0 && options.pid === undefined) {
      throw new UsageError(EXIT.usage, '"No pid or pidfile specified"');
    }
    if (args.length > 0 && options.pid !== undefined) {
      throw new UsageError(EXIT.usage, '"Cannot specify both pid and pidfile"');
    }
    if (options.pid !== undefined && !/^\d+$/.test(options.pid)) {
      throw new UsageError(EXIT.usage, "--pid must be a number");
    }
  },
  banner: ({ args: [file] }) =>
    file === undefined ? undefined : `Waiting for pid file '${file}' to appear`,
  run: async (input, caller) => {
    const endAt = Date.now() + (input.timeoutMs ?? TIMEOUT_DEFAULT_MS);
    const pid = await readPid(input, endAt);
    const { node } = input;
    if (input.args.length > 0) await input.say(`pid is ${pid}`);
    await input.say(
      `Waiting for erlang distribution on node '${node}' while OS process '${pid}' is running`,
    );
    await input.say(`Waiting for applications 'rabbit_and_plugins' to start on node '${node}'`);
    await untilServing(input, caller, pid, endAt);
    await input.say(`Applications 'rabbit_and_plugins' are running on node '${node}'`);
    return NOTHING;
  },
};

async function readPid(input: Input, endAt: number): Promise<number> {
  const { pid } = input.options;
  if (pid !== undefined) return Number(pid);
  const file = arg(input, 0);
  for (;;) {
    const found = pidIn(file);
    if (found !== undefined) return found;
    if (Date.now() > endAt) throw late(`Timeout while waiting for pid file '${file}'`);
    await pause(LOOK_MS);
  }
}

/** undefined: the file is not there, or not whole yet. */
function pidIn(file: string): number | undefined {
  try {
    const [text = ""] = readFileSync(file, "utf8").split("\n");
    return /^\d+$/.test(text.trim()) ? Number(text) : undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function untilServing(
  input: Input,
  caller: Caller,
  pid: number,
  endAt: number,
): Promise<void> {
  for (;;) {
    if (!isRunning(pid)) {
      throw new CliError(EXIT.unavailable, "Error:\nprocess_not_running");
    }
    const timeoutMs = Math.max(1, endAt - Date.now());
    try {
      await caller.call("await_startup", { timeoutMs }, { timeoutMs });
      return;
    } catch (error) {
      if (!isNotYet(error)) throw error;
    }
    if (Date.now() > endAt) throw late(`Timeout while waiting for node '${input.node}' to start`);
    await pause(LOOK_MS);
  }
}

function isNotYet(error: unknown): boolean {
  if (error instanceof UnreachableError) return true;
  return (
    error instanceof ControlError &&
    ["app_not_running", "timeout", "disconnected"].includes(error.code)
  );
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function late(text: string): CliError {
  return new CliError(EXIT.tempFail, `Error:\n${text}`);
}
