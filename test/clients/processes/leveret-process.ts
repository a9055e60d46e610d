import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ChildProgram } from "./child-program.ts";

const READY_MAX_MS = 20_000;
const MAIN: string = fileURLToPath(new URL("../../../packages/node/dist/main.js", import.meta.url));

/** A broker in a process of its own. */
export interface BrokerProcess {
  /** The process that does the work, for CPU and memory figures. */
  readonly pid: number;
  readonly amqpPort: number;
  readonly url: string;
  /** Ends it; fails when it does not end as a broker should. */
  stop(): Promise<void>;
}

/** Starts our broker from `dist`, in memory and on a free port, and waits until clients can connect. */
export async function startLeveret(): Promise<BrokerProcess> {
  // An empty working directory: no leveret.conf of the developer's is read.
  const directory = await mkdtemp(join(tmpdir(), "leveret-"));
  const ports = ["--amqp-port", "0", "--management-port", "off", "--prometheus-port", "off"];
  const program = new ChildProgram({
    command: process.execPath,
    arguments: [MAIN, "--in-memory", ...ports, "--cluster-port", "off", "--log-format", "json"],
    cwd: directory,
  });
  try {
    const line = await program.waitForLine("leveret ready", isReadyLine, READY_MAX_MS);
    const amqpPort = readyPort(line);
    return {
      pid: program.pid,
      amqpPort,
      url: `amqp://guest:guest@127.0.0.1:${amqpPort}/`,
      stop: async () => {
        const code = await program.stop();
        await rm(directory, { recursive: true });
        if (code !== 0) {
          throw new Error(`the broker exited with ${code}: ${program.lines.slice(-20).join("\n")}`);
        }
      },
    };
  } catch (error) {
    await program.stop();
    await rm(directory, { recursive: true });
    throw error;
  }
}

function isReadyLine(line: string): boolean {
  return line.includes('"msg":"leveret ready"');
}

function readyPort(line: string): number {
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed === "object" && parsed !== null && "ports" in parsed) {
    const { ports } = parsed;
    if (typeof ports === "object" && ports !== null && "amqp" in ports) {
      if (typeof ports.amqp === "number") return ports.amqp;
    }
  }
  throw new Error(`no ports.amqp in ${line}`);
}
