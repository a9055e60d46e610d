import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ChildProgram } from "../../clients/processes/child-program.ts";
import { freePorts } from "../host/free-ports.ts";
import type { Scenario } from "./scenario.ts";

const TOOLS: string = fileURLToPath(
  new URL("../../../packages/node/tools/cluster/", import.meta.url),
);
const START_MAX_MS = 120_000;
const STOP_MAX_MS = 120_000;
const CHECK_SECONDS = "6";
const CHECK_MAX_MS = 90_000;

/** What a newcomer is told to do: a cluster from one command, a checker, a node that is killed, Ctrl-C. */
export const ONE_COMMAND: Scenario = {
  name: "npm run cluster: a node dies, nothing is lost, it comes back, all stop",
  run: async (step) => {
    const directory = await mkdtemp(join(tmpdir(), "leveret-one-command-"));
    const [port = 0] = await freePorts(1);
    const options = ["--directory", directory, "--amqp-port", `${port}`, "--restart-after", "1"];
    const cluster = start("run.ts", options);
    try {
      step("start");
      const line = await cluster.waitForLine("a process", killHint, START_MAX_MS);
      const pid = Number(/kill -9 (\d+)/.exec(line)?.[1]);
      step("publish, consume, kill");
      const checker = start("check.ts", ["--directory", directory, "--seconds", CHECK_SECONDS]);
      await checker.waitForLine("messages", (text) => /received [1-9]/.test(text), CHECK_MAX_MS);
      process.kill(pid, "SIGKILL");
      const code = await checker.waitForExit(CHECK_MAX_MS);
      const verdict = checker.lines.at(-1) ?? "";
      if (code !== 0 || !verdict.endsWith("lost 0")) throw new Error(`code ${code}: ${verdict}`);
      step(verdict);
      await cluster.waitForLine("the node", (text) => text.includes(" is back: "), START_MAX_MS);
      step("stop");
      process.kill(cluster.pid, "SIGINT");
      const exitCode = await cluster.waitForExit(STOP_MAX_MS);
      const stopped = cluster.lines.filter((text) => text.endsWith("has stopped (exit code 0)"));
      if (exitCode !== 0 || stopped.length !== 3) {
        throw new Error(`code ${exitCode}: ${cluster.lines.slice(-4).join(" | ")}`);
      }
      const left = await readdir(directory);
      if (left.includes("running.json")) throw new Error("the checker would still find a cluster");
    } finally {
      await cluster.stop();
      await rm(directory, { recursive: true, force: true });
    }
  },
};

function killHint(line: string): boolean {
  return line.includes("kill -9");
}

function start(program: string, options: readonly string[]): ChildProgram {
  return new ChildProgram({
    command: process.execPath,
    arguments: [
      ...["--conditions=@leveret/source", "--import", import.meta.resolve("tsx")],
      ...[join(TOOLS, program), ...options],
    ],
  });
}
