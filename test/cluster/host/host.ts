import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts } from "./free-ports.ts";
import { HostNode } from "./host-node.ts";
import { run, type ToolResult } from "./shell-line.ts";

const TOOLS = ["rabbitmqctl", "rabbitmq-diagnostics", "rabbitmq-queues"] as const;
const CLI: string = fileURLToPath(new URL("../../../packages/cli/dist/", import.meta.url));

/**
 * A host of its own, as far as nodes and tools can tell: an empty home with a cookie, a place for running nodes, and RabbitMQ's tools in the
 * PATH. What a person would type, `line` runs.
 */
export class Host {
  readonly nodes: readonly HostNode[];
  readonly #directory: string;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(
    directory: string,
    environment: Readonly<Record<string, string>>,
    nodes: readonly HostNode[],
  ) {
    this.#directory = directory;
    this.#environment = environment;
    this.nodes = nodes;
  }

  /** Nodes `rabbit1@localhost` and so on; none is started. */
  static async make(
    count: number,
    flags: (ports: readonly number[], index: number) => readonly string[] = () => [],
  ): Promise<Host> {
    const directory = await mkdtemp(join(tmpdir(), "leveret-host-"));
    const [home, bin, runtime] = ["home", "bin", "run"].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ]; // One for each name.
    for (const path of [home, bin, runtime]) await mkdir(path, { mode: 0o700 });
    await writeFile(join(home, ".erlang.cookie"), "ALLNODESOFTHISHOST\n", { mode: 0o400 });
    for (const tool of TOOLS) await makeTool(join(bin, tool), tool);
    // biome-ignore lint/style/noProcessEnv: the tools need the system's PATH as well
    const path = `${bin}:${process.env["PATH"]}`;
    const environment = { HOME: home, LEVERET_RUNTIME_DIR: runtime, PATH: path };
    const ports = await freePorts(2 * count);
    const clusterPorts = ports.slice(count);
    const nodes = Array.from({ length: count }, (_, index) => {
      return new HostNode({
        name: `rabbit${index + 1}@localhost`,
        amqpPort: ports[index] ?? 0,
        clusterPort: clusterPorts[index] ?? 0,
        directory: join(directory, `node${index + 1}`),
        environment,
        flags: flags(clusterPorts, index),
      });
    });
    return new Host(directory, environment, nodes);
  }

  /** The first is 1. */
  node(number: number): HostNode {
    const node = this.nodes[number - 1];
    if (node === undefined) throw new RangeError(`there is no node ${number}`);
    return node;
  }

  /** Of a file that the nodes find one directory above their own. */
  path(name: string): string {
    return join(this.#directory, name);
  }

  /** A command line, as it would be typed. */
  line(text: string): Promise<ToolResult> {
    return run(text, this.#environment, this.#directory);
  }

  /** A command line that has to end with 0; what it prints. @throws Error */
  async ok(text: string): Promise<string> {
    const { code, out, error } = await this.line(text);
    if (code !== 0) throw new Error(`${text}: exit code ${code}: ${out}${error}`);
    return out;
  }

  /** Kills what still runs. */
  async close(): Promise<void> {
    for (const node of this.nodes) await node.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function makeTool(file: string, tool: string): Promise<void> {
  const script = tool === "rabbitmqctl" ? "main.js" : `${tool}.js`;
  await writeFile(file, `#!/bin/sh\nexec '${process.execPath}' '${join(CLI, script)}' "$@"\n`);
  await chmod(file, 0o755);
}
