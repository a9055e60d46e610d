import { fork } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DiskError, DiskLock } from "@leveret/raft";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DiskBench, describeDisk } from "../../../raft/test/env/disk-conformance.ts";
import { ownIdentity } from "../../src/runtime/process-identity.ts";
import { RealDisk } from "../../src/runtime/real-disk.ts";

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setImmediate(resolve));
}

async function open(): Promise<DiskBench> {
  const root = await mkdtemp(join(tmpdir(), "leveret-disk-"));
  return { disk: new RealDisk(root), run: until, close: () => rm(root, { recursive: true }) };
}

describe("RealDisk", () => {
  describeDisk(open);
});

describe("the lock of a data directory", () => {
  let root: string;
  let file: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "leveret-lock-"));
    file = join(root, "lock");
  });

  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  function lock(): Promise<DiskLock> {
    return new Promise((resolve, reject) => {
      new RealDisk(root).lock("lock", (error, value) => {
        if (error === undefined) resolve(value);
        else reject(error);
      });
    });
  }

  function release(held: DiskLock): Promise<void> {
    return new Promise((resolve, reject) => {
      held.release((error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }

  /** The error of an attempt that has to fail. */
  async function refusal(): Promise<DiskError> {
    return await lock().then(
      () => {
        throw new Error("the lock was given");
      },
      (error: DiskError) => error,
    );
  }

  it("names the process that holds it", async () => {
    const held = await lock();
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual(await ownIdentity());
    const error = await refusal();
    expect(error.code).toBe("locked");
    expect(String(error.cause)).toContain(`process ${process.pid} `);
    expect(await readdir(root)).toEqual(["lock"]);
    await release(held);
    expect(await readdir(root)).toEqual([]);
  });

  it("is refused while another live process has it, and taken over when that one was killed", async () => {
    const script = join(root, "holder.mjs");
    const source = new URL("../../src/runtime/real-disk.ts", import.meta.url);
    await writeFile(
      script,
      `import { RealDisk } from ${JSON.stringify(source.href)};
       new RealDisk(${JSON.stringify(root)}).lock("lock", (error) => process.send(error?.code ?? "held"));
       setInterval(() => {}, 1000);`,
    );
    const holder = fork(script, {
      execArgv: ["--conditions=@leveret/source", "--import", import.meta.resolve("tsx")],
    });
    try {
      const answer = await new Promise((resolve) => holder.once("message", resolve));
      expect(answer).toBe("held");
      const error = await refusal();
      expect(error.code).toBe("locked");
      expect(String(error.cause)).toContain(`process ${holder.pid} `);
    } finally {
      const exit = new Promise((resolve) => holder.once("exit", resolve));
      holder.kill("SIGKILL");
      await exit;
    }
    const held = await lock();
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ pid: process.pid });
    await release(held);
  });

  it("is taken over when its process number belongs to another process now", async () => {
    const own = await ownIdentity();
    await writeFile(file, JSON.stringify({ ...own, startTime: "1" }));
    await release(await lock());
  });

  it("is taken over after a restart of the machine", async () => {
    const own = await ownIdentity();
    await writeFile(file, JSON.stringify({ ...own, bootId: "an earlier one" }));
    await release(await lock());
  });

  it("is taken over when a loss of power left half of it, or nothing", async () => {
    for (const content of ["", '{"pid": 1', "null", '{"pid": -1, "bootId": "", "startTime": ""}']) {
      await writeFile(file, content);
      await release(await lock());
    }
  });

  it("goes to one only when many want to take it over at the same time", async () => {
    for (let round = 0; round < 20; round++) {
      const own = await ownIdentity();
      await writeFile(file, JSON.stringify({ ...own, startTime: "1" }));
      const results = await Promise.allSettled([lock(), lock(), lock(), lock()]);
      const held = results.filter((result) => result.status === "fulfilled");
      expect(held).toHaveLength(1);
      for (const { value } of held) await release(value);
      expect(await readdir(root)).toEqual([]);
    }
  });

  it("is taken over even if the last one to take it over was killed in the middle of that", async () => {
    const gone = JSON.stringify({ ...(await ownIdentity()), startTime: "1" });
    await writeFile(file, gone);
    await writeFile(`${file}.takeover`, gone);
    await release(await lock());
    expect(await readdir(root)).toEqual([]);
  });

  it("is left alone at the release if it is another's meanwhile", async () => {
    const held = await lock();
    await writeFile(file, "somebody else's");
    await release(held);
    expect(await readFile(file, "utf8")).toBe("somebody else's");
  });

  it("tells why when the folder is not there", async () => {
    await rm(root, { recursive: true });
    expect((await refusal()).code).toBe("not-found");
    root = await mkdtemp(join(tmpdir(), "leveret-lock-"));
  });
});

describe("RealDisk: files", () => {
  it("does not touch a closed file, whose number may be another's by now", async () => {
    const bench = await open();
    const file = await new Promise<import("@leveret/raft").DiskFile>((resolve) => {
      bench.disk.open("a", "create", (_error, opened) => resolve(opened));
    });
    await new Promise((resolve) => {
      file.close(resolve);
    });
    const error = await new Promise((resolve) => {
      file.write(Buffer.from("x"), 0, resolve);
    });
    expect(error).toMatchObject({ code: "other", operation: "write", path: "a" });
    await bench.close();
  });
});
