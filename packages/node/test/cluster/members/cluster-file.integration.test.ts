import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  finishReset,
  isNewDirectory,
  readClusterFile,
  resetDirectory,
  writeClusterFile,
} from "../../../src/cluster/members/cluster-file.ts";
import type { ClusterRecord } from "../../../src/cluster/members/cluster-record.ts";
import { StorageError } from "../../../src/storage/storage-error.ts";

const RECORD: ClusterRecord = {
  clusterId: "c",
  nodeId: 1,
  generation: 1,
  epoch: 1,
  nodeName: "rabbit@a",
  members: [{ nodeId: 1, name: "rabbit@a", address: "a:1" }],
  running: [1],
};
const NEXT: ClusterRecord = { ...RECORD, clusterId: "d" };

describe("the files of a node's identity", () => {
  let directory = "";

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "leveret-identity-"));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  test("cluster.json comes back as it was written; a directory without it is new", async () => {
    expect([isNewDirectory(directory), readClusterFile(directory)]).toEqual([true, undefined]);
    await writeClusterFile(directory, RECORD);
    expect([isNewDirectory(directory), readClusterFile(directory)]).toEqual([false, RECORD]);
  });

  test("a damaged one is an error, and stays as it is", () => {
    const file = join(directory, "cluster.json");
    writeFileSync(file, '{"format": 1');
    expect(() => readClusterFile(directory)).toThrow(StorageError);
    expect(readFileSync(file, "utf8")).toBe('{"format": 1');
  });

  test("a reset deletes what is stored, and nothing else", async () => {
    fill();
    await resetDirectory(directory, undefined);
    expect([isNewDirectory(directory), present()]).toEqual([true, ["cookie", "reserve"]]);
    fill();
    await resetDirectory(directory, NEXT);
    expect([readClusterFile(directory), present()]).toEqual([NEXT, ["cookie", "reserve"]]);
  });

  test("a reset that was cut short is completed at the next start, wherever it was", async () => {
    const note = `${JSON.stringify({ format: 1, ...NEXT })}\n`;
    for (const gone of [[], ["cluster.json"], ["cluster.json", "node.meta", "log"]]) {
      fill();
      writeFileSync(join(directory, "reset.json"), note);
      for (const name of gone) rmSync(join(directory, name), { recursive: true, force: true });
      await finishReset(directory);
      expect([readClusterFile(directory), present()]).toEqual([NEXT, ["cookie", "reserve"]]);
      expect(existsSync(join(directory, "reset.json"))).toBe(false);
    }
  });

  function fill(): void {
    mkdirSync(join(directory, "log"), { recursive: true });
    writeFileSync(join(directory, "cluster.json"), JSON.stringify({ format: 1, ...RECORD }));
    for (const name of ["node.meta", "node.meta.copy", "cookie", "reserve"]) {
      writeFileSync(join(directory, name), name);
    }
  }

  function present(): string[] {
    const names = ["node.meta", "node.meta.copy", "log", "cookie", "reserve"];
    return names.filter((name) => existsSync(join(directory, name)));
  }
});
