import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../clients/processes/child-program.ts";

/** Where Debian's package rabbitmq-server puts it. */
const INSTALLED = "/usr/bin/rabbitmqadmin";
const DOWNLOAD_MAX_MS = 120_000;

/** The tool, unmodified. */
export interface Tool {
  readonly path: string;
  /** Removes what was downloaded. */
  dispose(): Promise<void>;
}

/**
 * rabbitmqadmin as RabbitMQ ships it: the installed one, or that of Debian's package, which is fetched and unpacked without being installed. It
 * is under another licence, so no copy of it is kept here.
 */
export async function findTool(): Promise<Tool> {
  if (existsSync(INSTALLED)) return { path: INSTALLED, dispose: () => Promise.resolve() };
  const directory = await mkdtemp(join(tmpdir(), "leveret-rabbitmqadmin-tool-"));
  const dispose = (): Promise<void> => rm(directory, { recursive: true });
  const run = (command: string, ...args: string[]): Promise<readonly string[]> =>
    runProgram({ command, arguments: args, cwd: directory, timeoutMs: DOWNLOAD_MAX_MS });
  try {
    try {
      await run("apt-get", "download", "rabbitmq-server");
    } catch {
      // It may not know yet what there is.
      await run("apt-get", "update", "-qq");
      await run("apt-get", "download", "rabbitmq-server");
    }
    const file = (await readdir(directory)).find((name) => name.endsWith(".deb"));
    if (file === undefined) throw new Error("apt-get downloaded nothing");
    await run("dpkg-deb", "-x", file, ".");
    return { path: join(directory, INSTALLED), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
