import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { connectClient } from "./amqp-client.ts";
import type { Case, Group } from "./cases/case.ts";
import { normalised, type Outcome, type Places } from "./outcome.ts";
import type { Target } from "./target.ts";

/** Verbs whose answers rest on statistics. */
const SHOWING: ReadonlySet<string> = new Set([
  "queues",
  "overview",
  "connections",
  "channels",
  "consumers",
  "close",
]);
const CALL_MAX_MS = 60_000;

/** What a case did; its name is unique. */
export interface Result {
  readonly command: Case;
  readonly outcome: Outcome;
}

/** Runs all cases in order; `tool` is the path of rabbitmqadmin. */
export async function runCases(
  groups: readonly Group[],
  target: Target,
  tool: string,
): Promise<readonly Result[]> {
  const directory = await mkdtemp(join(tmpdir(), "leveret-rabbitmqadmin-"));
  try {
    await writeFile(join(directory, "conf"), configuration(target));
    const results: Result[] = [];
    for (const group of groups)
      results.push(...(await runGroup(group, { target, tool, directory })));
    return results;
  } finally {
    await rm(directory, { recursive: true });
  }
}

interface Surroundings {
  readonly target: Target;
  readonly tool: string;
  readonly directory: string;
}

async function runGroup(group: Group, surroundings: Surroundings): Promise<readonly Result[]> {
  const { target, directory } = surroundings;
  const client = group.withClient === true ? await connectClient(target) : undefined;
  try {
    const { port, amqpPort, nodeName, settleMs } = target;
    const places = {
      directory,
      tool: surroundings.tool,
      port,
      amqpPort,
      nodeName,
      connection: client?.connection,
    };
    const results: Result[] = [];
    for (const command of group.cases) {
      const isShowing = command.args.some((argument) => SHOWING.has(argument));
      if (isShowing) await delay(settleMs * (command.patience ?? 1));
      const outcome = await runCase(command, places, surroundings.tool);
      results.push({ command, outcome: normalised(outcome, command, places) });
    }
    return results;
  } finally {
    await client?.close();
  }
}

async function runCase(command: Case, places: Places, tool: string): Promise<Outcome> {
  const { directory, port, connection = "" } = places;
  const filled = command.args.map((argument) =>
    argument
      .replaceAll("{dir}", directory)
      .replaceAll("{port}", String(port))
      .replaceAll("{connection}", connection),
  );
  const child = spawn(tool, ["-H", "127.0.0.1", "-P", String(port), ...filled], {
    cwd: directory,
    env: { PATH: "/usr/bin:/bin", HOME: directory, LANG: "C.UTF-8", COLUMNS: "80" },
    timeout: CALL_MAX_MS,
  });
  child.stdin.end(command.stdin ?? "");
  const outputs = [text(child.stdout), text(child.stderr)] as const;
  const [code] = await once(child, "close");
  const [stdout, stderr] = await Promise.all(outputs);
  const file = command.file === undefined ? undefined : await contents(directory, command.file);
  const exit = typeof code === "number" ? code : -1;
  return { exit, stdout, stderr, ...(file !== undefined && { file }) };
}

async function contents(directory: string, name: string): Promise<string> {
  try {
    return await readFile(join(directory, name), "utf8");
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

function configuration({ port }: Target): string {
  const common = `hostname = 127.0.0.1\nport = ${port}\nusername = guest\npassword = guest\n`;
  return `[shop]\n${common}vhost = shop\ndeclare_vhost = shop\n`;
}
