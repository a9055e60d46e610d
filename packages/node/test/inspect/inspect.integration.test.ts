import { spawnSync } from "node:child_process";
import {
  chmod,
  cp,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EntryHeader } from "@leveret/raft";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { encodeNodeMeta } from "../../../raft/src/codec/record-node-meta.ts";
import { Random } from "../../../raft/src/sim/random.ts";
import type { InspectOptions } from "../../src/inspect/inspect-options.ts";
import { type InspectOutcome, runInspect } from "../../src/inspect/run-inspect.ts";
import { fingerprint, WrittenDirectory } from "./written-directory.ts";

const MESSAGES = 120;
const FUZZ_ROUNDS = 16;

let whole: WrittenDirectory;
let copy: string | undefined;

beforeAll(async () => {
  whole = await WrittenDirectory.make(3, MESSAGES);
});

afterAll(async () => {
  await rm(whole.path, { recursive: true });
});

afterEach(async () => {
  if (copy !== undefined) await rm(copy, { recursive: true, force: true });
  copy = undefined;
});

/** A directory of its own to do harm to. */
async function copied(original = whole): Promise<string> {
  copy = await mkdtemp(join(tmpdir(), "leveret-inspect-copy-"));
  await cp(original.path, copy, { recursive: true });
  return copy;
}

/** Inspects, and makes sure that nothing was changed by it. */
async function inspect(
  directory: string,
  flags: Partial<InspectOptions> = {},
): Promise<InspectOutcome> {
  const before = await fingerprint(directory);
  const outcome = await inspectMoving(directory, flags);
  expect(await fingerprint(directory)).toBe(before);
  return outcome;
}

function inspectMoving(
  directory: string,
  flags: Partial<InspectOptions> = {},
): Promise<InspectOutcome> {
  const options = {
    directory,
    groupId: undefined,
    limit: undefined,
    isJson: false,
    isQuick: false,
  };
  return runInspect({ ...options, ...flags }, () => undefined);
}

/** The log file with this text in it, and where. */
async function find(directory: string, text: string): Promise<{ path: string; offset: number }> {
  for (const name of await readdir(join(directory, "log"))) {
    const path = `log/${name}`;
    const offset = (await readFile(join(directory, path))).indexOf(text);
    if (offset >= 0) return { path, offset };
  }
  throw new Error(`no ${text}`);
}

async function overwrite(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  const content = await readFile(path);
  content.set(bytes, offset);
  await writeFile(path, content);
}

describe("leveret inspect", () => {
  test("shows a directory that is whole, and ends with 0", async () => {
    const { exitCode, stdout, stderr } = await inspect(whole.path);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    for (const line of [
      /^ {2}State {8}whole$/m,
      /^ {2}Node {9}1$/m,
      /^ {2}Cluster {6}hares$/m,
      /^ {2}Incarnation {2}1 /m,
      /^ {2}Format {7}1$/m,
      /^ {2}Lock {9}not held$/m,
      /^ {2}Groups {7}4: 4 ok$/m,
      /^ +1 {2}metadata +ok/m,
      /^ +17 {2}queue 'q2' in vhost '\/' +ok +1 {2}1\.1 +2 {2}1\.1 +2 +122 +121 +1 +1 .* 1\.1$/m,
      /^ {2}log\/00000001\.hot {2}hot +256 KiB +256 KiB +64 .* whole$/m,
    ]) {
      expect(stdout).toMatch(line);
    }
    expect(stdout).not.toContain("Damage");
  });

  test("changes nothing in a directory that may not be written", async () => {
    const directory = await copied();
    const folders = [directory, join(directory, "log"), join(directory, "snap")];
    for (const folder of folders) await chmod(folder, 0o555);
    const { exitCode } = await inspect(directory);
    for (const folder of folders) await chmod(folder, 0o755);
    expect(exitCode).toBe(0);
  });

  test("works beside the broker that has the directory, and says so", async () => {
    const running = await WrittenDirectory.make(1, 10);
    copy = running.path;
    await running.start();
    const reading = inspectMoving(running.path);
    await running.addQueue("q2", 200);
    for (const { exitCode, stdout } of [await reading, await inspectMoving(running.path)]) {
      expect(exitCode).toBe(0);
      expect(stdout).toContain(`held by process ${process.pid}: a broker is running`);
    }
    await running.stop();
    const { exitCode, stdout } = await inspect(running.path);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ {2}Lock {9}not held$/m);
  });

  test("tells a lock that was left behind", async () => {
    const directory = await copied();
    await writeFile(
      join(directory, "lock"),
      JSON.stringify({ pid: 4242, bootId: "another", startTime: "1" }),
    );
    const { exitCode, stdout } = await inspect(directory);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("left behind by process 4242, which is gone");
  });

  test("names file, offset, queue and entries of damage, and what will happen", async () => {
    const directory = await copied();
    const { path, offset } = await find(directory, "q2 message 77.");
    await overwrite(join(directory, path), offset, Buffer.from("X"));
    const { exitCode, stdout } = await inspect(directory);
    expect(exitCode).toBe(1);
    const batch = Math.floor(offset / 4096) * 4096;
    expect(stdout).toContain("State        DAMAGED: 1 damaged place, 1 group in trouble");
    expect(stdout).toContain(
      `1. ${path} at offset ${batch.toLocaleString("en")}, 4,096 bytes: a batch has a wrong checksum`,
    );
    expect(stdout).toContain("lost: entry 79 of group 17, queue 'q2' in vhost '/'");
    expect(stdout).toContain(
      "The broker will start, but 1 queue cannot be used: group 17, queue 'q2' in vhost '/'.",
    );
    expect(stdout).toContain("copy the whole directory");
    expect((await inspect(directory, { isQuick: true })).exitCode).toBe(0);
  });

  test("says that the broker will not start without its metadata", async () => {
    const directory = await copied();
    const { stdout: json } = await inspect(directory, { groupId: 1, isJson: true });
    const { entries } = JSON.parse(json) as { entries: EntryHeader[] };
    const { path = "", offset = 0 } = entries.find(({ index }) => index === 4) ?? {};
    await overwrite(join(directory, path), offset + 40, Buffer.from("X"));
    const { exitCode, stdout } = await inspect(directory);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("lost: entry 4 of group 1, metadata");
    expect(stdout).toContain("The broker will not start: the metadata (users, queues, bindings)");
  });

  test("shows what is there without node.meta", async () => {
    const directory = await copied();
    await rm(join(directory, "node.meta"));
    expect((await inspect(directory)).exitCode).toBe(0);
    await rm(join(directory, "node.meta.copy"));
    const { exitCode, stdout } = await inspect(directory);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("State        DAMAGED: 2 damaged places");
    expect(stdout).toContain("node.meta is missing");
    expect(stdout).toContain("The broker will not start: node.meta and its copy cannot be read");
    expect(stdout).toContain("queue 'q3' in vhost '/'");
  });

  test("notices that the newest file was cut short", async () => {
    const directory = await copied();
    const { path } = await find(directory, "q3 message 120.");
    await truncate(join(directory, path), 4096);
    await rm(join(directory, path.replace(".hot", ".idx")));
    const { exitCode, stdout } = await inspect(directory);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`${path} is cut short: from offset 4,096 on`);
  });

  test("refuses data of a newer format with one sentence", async () => {
    const directory = await copied();
    const meta = encodeNodeMeta({
      formatVersion: 2,
      nodeId: 1,
      clusterId: "hares",
      incarnation: 1,
      isInUse: true,
    });
    for (const name of ["node.meta", "node.meta.copy"])
      await writeFile(join(directory, name), meta);
    expect(await inspect(directory)).toEqual({
      exitCode: 70,
      stdout: "",
      stderr: `leveret: ${directory} cannot be read: the data has format 2, this version reads format 1\n`,
    });
  });

  test("says what it cannot read", async () => {
    const directory = await copied();
    expect(await inspectMoving(join(directory, "nowhere"))).toMatchObject({
      exitCode: 70,
      stderr: expect.stringContaining("nowhere cannot be read: it is not there"),
    });
    expect(await inspectMoving(join(directory, "node.meta"))).toMatchObject({
      exitCode: 70,
      stderr: expect.stringContaining("it is not a directory"),
    });
    expect(await inspectMoving(join(directory, "snap"))).toMatchObject({
      exitCode: 70,
      stderr: expect.stringContaining("neither node.meta nor a log"),
    });
  });

  test("shows one group with headers of its newest entries", async () => {
    const { exitCode, stdout } = await inspect(whole.path, { groupId: 16, limit: 3 });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Keeps        queue 'q1' in vhost '/'");
    expect(stdout).toContain("Entries (3 of 121, the newest ones; --limit N)");
    expect(stdout).toContain("Messages     120, 117 KiB of bodies");
    const rows = stdout.match(
      /^ +\d+ {2} +2 {2}command +1,032 {2}log\/\d+\.hot +[\d,]+ {2}1 message in, 1000 B$/gm,
    );
    expect(rows?.map((row) => row.trim().split(" ")[0])).toEqual(["120", "121", "122"]);
    expect(await inspect(whole.path, { groupId: 99 })).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining("no group 99"),
    });
  });

  test("counts the messages that are still in a queue, and finds those whose bytes are lost", async () => {
    // Stopping takes a snapshot, which needs all messages that there are then.
    const directory = await WrittenDirectory.make(1, 20, { checkpointEntries: 5 });
    copy = directory.path;
    await directory.start();
    await directory.consume(10);
    await directory.stop();
    const { exitCode, stdout } = await inspect(directory.path, { groupId: 16 });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Messages     10, 9.8 KiB of bodies");
    expect(stdout).toContain("20 entries of that still needed");
    const { path, offset } = await find(directory.path, "q1 message 15.");
    await overwrite(join(directory.path, path), offset, Buffer.from("X"));
    const damaged = await inspect(directory.path);
    expect(damaged.exitCode).toBe(1);
    expect(damaged.stdout).toContain("lost: entry 17 of group 16, queue 'q1' in vhost '/'");
    expect(damaged.stdout).toContain(
      "Deliveries will stop at the first message that is lost, in 1 queue: group 16, queue 'q1' in vhost '/'.",
    );
  });

  test("shows the first of many groups and files, those in trouble before others", async () => {
    const directory = await copied();
    const { path, offset } = await find(directory, "q3 message 50.");
    await overwrite(join(directory, path), offset, Buffer.from("X"));
    const { stdout } = await inspect(directory, { limit: 1 });
    expect(stdout).toContain("Groups (1 of 4");
    expect(stdout).toMatch(/^ +18 {2}queue 'q3' in vhost '\/' {2}DAMAGED/m);
    expect(stdout).not.toMatch(/^ +16 {2}queue/m);
  });

  test("prints everything as JSON", async () => {
    const { exitCode, stdout } = await inspect(whole.path, { isJson: true });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      directory: whole.path,
      isWhole: true,
      lock: { kind: "free" },
      owner: { nodeId: 1, clusterId: "hares", incarnation: 1, formatVersion: 1 },
      damage: [],
      groupCount: 4,
      groups: [{ groupId: 1 }, { groupId: 16, queue: { name: "q1" } }, {}, {}],
    });
  });

  test("shows names without letting them move the cursor", async () => {
    const directory = await WrittenDirectory.make(0, 0);
    copy = directory.path;
    await directory.start();
    await directory.addQueue("a\u001b[2Jb", 1);
    await directory.stop();
    const { stdout } = await inspect(directory.path);
    expect(stdout).toContain("queue 'a\\u001b[2Jb'");
    expect(stdout).not.toContain("\u001b");
  });

  test("answers whatever was done to the directory", async () => {
    const compacted = await WrittenDirectory.make(2, 60, { rewriteLiveRatio: 0.9 });
    for (let seed = 1; seed <= FUZZ_ROUNDS; seed++) {
      const directory = await copied(seed % 2 === 0 ? whole : compacted);
      const harm = await doHarm(directory, new Random(seed));
      const outcome = await inspect(directory).catch((error: unknown) => {
        throw new Error(`seed ${seed}: ${harm}`, { cause: error });
      });
      expect([0, 1, 70], `seed ${seed}: ${harm}`).toContain(outcome.exitCode);
      await rm(directory, { recursive: true });
    }
    await rm(compacted.path, { recursive: true });
  });

  test("is a command of the program", () => {
    const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
    const result = spawnSync(process.execPath, [main, "inspect", whole.path], {
      encoding: "utf8",
    });
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(result.stdout).toContain("State        whole");
  });
});

/** Flips, zeroes, cuts or removes something; returns what. */
async function doHarm(directory: string, random: Random): Promise<string> {
  const names = (await readdir(directory, { recursive: true })).sort();
  const sizes = await Promise.all(
    names.map(async (name) => ({ name, stats: await stat(join(directory, name)) })),
  );
  const files = sizes.filter(({ stats }) => stats.isFile() && stats.size > 0);
  const { name = "", stats } = files[random.below(files.length)] ?? {};
  const size = stats?.size ?? 0;
  const path = join(directory, name);
  const offset = random.below(size);
  const kind = random.below(4);
  if (kind === 0) await overwrite(path, offset, Buffer.from([random.below(256)]));
  else if (kind === 1) await overwrite(path, offset, Buffer.alloc(Math.min(9000, size - offset)));
  else if (kind === 2) await truncate(path, offset);
  else await rm(path);
  return `${["flip", "zero", "cut", "remove"][kind]} ${name} at ${offset}`;
}
