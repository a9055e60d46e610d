import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type EmbeddedBroker, startBroker } from "../../src/index.ts";
import { sendRequest } from "../management/send-request.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "leveret-definitions-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function write(queue: string): void {
  const document = {
    users: [{ name: "guest", password: "guest", tags: "administrator" }],
    vhosts: [{ name: "/" }],
    queues: [{ name: queue, vhost: "/", durable: true, arguments: {} }],
  };
  writeFileSync(join(directory, "definitions.json"), JSON.stringify(document));
}

function start(skipsUnchangedDefinitions: boolean): Promise<EmbeddedBroker> {
  return startBroker({
    dataDir: join(directory, "data"),
    configure: (config) => ({
      ...config,
      definitions: [join(directory, "definitions.json")],
      skipsUnchangedDefinitions,
    }),
  });
}

/** Deletes the queue, stops, and starts again. */
async function startAgain(broker: EmbeddedBroker, queue: string, skips: boolean) {
  broker.apply({ type: "deleteQueue", vhost: "/", name: queue });
  await broker.waitUntilStored();
  await broker.stop();
  return start(skips);
}

function names(broker: EmbeddedBroker): string[] {
  return broker.queues().map(({ name }) => name);
}

test.each([
  [true, []],
  [false, ["q"]],
] as const)(
  "definitions that are the same as last time are loaded again unless that is to be skipped: %s",
  async (skips, expected) => {
    write("q");
    const first = await start(skips);
    expect(names(first)).toEqual(["q"]);
    await using second = await startAgain(first, "q", skips);
    expect(names(second)).toEqual(expected);
  },
);

test("definitions that have changed are loaded in any case", async () => {
  write("q");
  const first = await start(true);
  write("r");
  await using second = await startAgain(first, "q", true);
  expect(names(second)).toEqual(["r"]);
});

test("an import of many objects lets other work in between", async () => {
  await using broker = await startBroker({ managementPort: 0 });
  const queues = Array.from({ length: 5000 }, (_, index) => ({
    name: `q${index}`,
    vhost: "/",
    durable: true,
    arguments: {},
  }));
  let isOver = false;
  let turns = 0;
  const countTurns = (): void => {
    // Those while the import has begun, and is not complete.
    if (broker.queues().length > 0 && !isOver) turns++;
    if (!isOver) setImmediate(countTurns);
  };
  countTurns();
  const answer = await sendRequest(broker.managementPort ?? 0, "POST", "/api/definitions", {
    auth: "guest:guest",
    body: { queues },
  });
  isOver = true;
  expect(answer.status).toBe(204);
  expect(broker.queues()).toHaveLength(5000);
  expect(turns).toBeGreaterThan(5);
});

test("a file that cannot be read is named", async () => {
  await expect(start(true)).rejects.toThrow(/definitions file .*definitions\.json cannot be read/);
});
