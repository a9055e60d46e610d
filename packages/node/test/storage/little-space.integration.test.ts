import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { BrokerNode } from "../../src/broker/broker-node.ts";
import { defaultConfig } from "../../src/config/load-config.ts";
import { StorageError } from "../../src/storage/storage-error.ts";
import { recordingLogger } from "../alarm/recording-logger.ts";
import { temporaryDirectory } from "./storage-fixture.ts";

/** Of a log that has room for its first file, and for no other. */
const NO_SPACE = { freeSpaceMinBytes: 2 ** 52 };
const VHOST = JSON.stringify({ vhosts: [{ name: "hills" }], users: [] });

interface Start {
  readonly directory: string;
  /** Files. */
  readonly definitions?: readonly string[];
  readonly limits?: typeof NO_SPACE;
}

async function start({
  directory,
  definitions = [],
  limits,
}: Start): Promise<{ node: BrokerNode; lines: readonly string[] }> {
  const base = defaultConfig();
  const { log, lines } = recordingLogger();
  const node = await BrokerNode.start(
    {
      ...base,
      definitions,
      node: { ...base.node, dataDir: join(directory, "data") },
      listeners: { ...base.listeners, tcp: [{ address: "127.0.0.1", port: 0 }] },
    },
    {
      logging: { root: log, category: () => log, close: () => undefined },
      storageLimits: { hotFileBytes: 256 * 1024, spareFiles: 1, ...limits },
    },
  );
  onTestFinished(() => node.stop());
  return { node, lines };
}

describe("a start with little disk space", () => {
  test("is refused as a problem of the data directory if it is the first one", async () => {
    const directory = await temporaryDirectory();
    await expect(start({ directory, limits: NO_SPACE })).rejects.toThrow(
      new StorageError("default_vhost: not enough disk space to store a change of metadata"),
    );
    // Once there is room.
    const { node } = await start({ directory });
    expect(node.broker.metadata.user("guest")).toBeDefined();
  });

  test("of a node with definitions goes on with the metadata that it has", async () => {
    const directory = await temporaryDirectory();
    const file = join(directory, "definitions.json");
    await writeFile(file, VHOST);
    const definitions = [file];
    const first = start({ directory, definitions, limits: NO_SPACE });
    const problem = `${file}: vhosts[0]: addVhost refused: not enough disk space to store a change of metadata`;
    await expect(first).rejects.toThrow(new StorageError(problem));
    await (await start({ directory, definitions })).node.stop();

    const { node, lines } = await start({ directory, definitions, limits: NO_SPACE });
    expect(node.broker.metadata.vhosts().map(({ record }) => record.name)).toEqual(["hills"]);
    expect(lines).toContain(
      `error definitions were not loaded, the node goes on with the metadata that it has: ${problem}`,
    );
  });
});
