import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Checker, type CheckerCounts } from "./checker.ts";
import { CLUSTER_FILE, DEFAULT_DIRECTORY, type RunningNode } from "./cluster-file.ts";

const QUEUE = "checked";
const PATIENCE_MS = 30_000;

const USAGE = `usage: npm run cluster:check -- [options]
Publishes numbered messages to the nodes that "npm run cluster" has started, with confirms, consumes them, and counts, each second and at
the end (Ctrl-C): everything that was confirmed has to come, whatever becomes of the nodes. Exit code 1 if something is lost.
  --rate N           messages per second (default 200)
  --seconds N        end after so long (default: at Ctrl-C)
  --directory PATH   of the cluster (default ${DEFAULT_DIRECTORY})
  --url URL          other brokers, as often as there are: amqp://user:password@host:port`;

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "200" },
    seconds: { type: "string", default: "Infinity" },
    directory: { type: "string", default: DEFAULT_DIRECTORY },
    url: { type: "string", multiple: true },
    help: { type: "boolean", default: false },
  },
});

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Names of the nodes, and where they are. */
function findNodes(): readonly RunningNode[] {
  if (values.url !== undefined) return values.url.map((url) => ({ name: new URL(url).host, url }));
  try {
    const text = readFileSync(join(values.directory, CLUSTER_FILE), "utf8");
    return JSON.parse(text) as RunningNode[]; // As "npm run cluster" writes it.
  } catch (error) {
    throw new Error(`no cluster runs on ${values.directory}: start one with npm run cluster`, {
      cause: error,
    });
  }
}

function countsText({ published, confirmed, received, repeated }: CheckerCounts): string {
  return `published ${published}, confirmed ${confirmed}, received ${received}, repeated ${repeated}`;
}

async function main(): Promise<number> {
  if (values.help) {
    print(USAGE);
    return 0;
  }
  const nodes = findNodes();
  const checker = new Checker({
    urls: nodes.map(({ url }) => url),
    queue: QUEUE,
    messagesPerSecond: Number(values.rate),
  });
  const over = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => over.abort());
  const nameAt = (at: number | undefined): string =>
    at === undefined ? "nowhere" : (nodes[at]?.name ?? "nowhere");
  const endMs = performance.now() + Number(values.seconds) * 1000;
  checker.start();
  while (!over.signal.aborted && performance.now() < endMs) {
    await delay(1000, undefined, { signal: over.signal }).catch(() => undefined);
    const { publisher, consumer } = checker.places;
    const pause = (checker.confirmPauses.longestMs / 1000).toFixed(1);
    print(
      `${countsText(checker.counts)}; publisher at ${nameAt(publisher)}, consumer at ${nameAt(consumer)}; ` +
        `longest wait for a confirm ${pause} s`,
    );
  }
  const lost = await checker.finish(PATIENCE_MS);
  print(`${countsText(checker.counts)}, lost ${lost}`);
  return lost === 0 && checker.counts.confirmed > 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
