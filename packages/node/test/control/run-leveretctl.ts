import { spawn } from "node:child_process";
import { join } from "node:path";
import { COOKIE } from "./controlled-broker.ts";

const CLI = join(import.meta.dirname, "../../../cli/dist");

/** What a command printed. */
export interface CliResult {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** Runs the command line tool as a process of its own against the node at `port`; `input` is its stdin. */
export function leveretctl(
  port: number,
  args: readonly string[],
  { program = "main", input = "" }: { readonly program?: string; readonly input?: string } = {},
): Promise<CliResult> {
  const file = join(CLI, `${program}.js`);
  const { env } = process;
  const child = spawn(process.execPath, [file, ...args], {
    env: {
      ...env,
      LEVERET_CLUSTER_PORT: String(port),
      RABBITMQ_NODENAME: "rabbit@localhost",
      RABBITMQ_ERLANG_COOKIE: COOKIE,
    },
  });
  let out = "";
  let error = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    error += text;
  });
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, error }));
  });
}
