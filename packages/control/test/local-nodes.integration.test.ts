import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findLocalNode, LocalNodeEntry, LocalNodeError, localNodes } from "../src/local-nodes.ts";

describe("the nodes of a host", () => {
  let session: string;
  let env: Record<string, string>;

  beforeEach(() => {
    session = mkdtempSync(join(tmpdir(), "leveret-nodes-"));
    env = { XDG_RUNTIME_DIR: session };
  });

  afterEach(() => {
    rmSync(session, { recursive: true, force: true });
  });

  const node = (name: string, pid: number = process.pid) => ({ name, port: 25_672, pid });

  test("are found by their names while they run", () => {
    const facts = { ...node("rabbit2@registry.test"), host: "127.0.0.2", cookieFile: "/a/cookie" };
    const entry = LocalNodeEntry.make(facts, env);
    LocalNodeEntry.make(node("rabbit1@registry.test"), env);
    expect(findLocalNode("rabbit2@registry.test", env)).toEqual(facts);
    expect(findLocalNode("rabbit@registry.test", env)).toBeUndefined();
    const names = localNodes(env).map(({ name }) => name);
    expect(names.filter((name) => name.endsWith("@registry.test"))).toEqual([
      "rabbit1@registry.test",
      "rabbit2@registry.test",
    ]);
    entry.remove();
    expect(findLocalNode("rabbit2@registry.test", env)).toBeUndefined();
    expect(statSync(join(session, "leveret")).mode & 0o777).toBe(0o700);
  });

  test("that have ended without a word count for nothing, and are cleaned up", () => {
    const { pid } = spawnSync(process.execPath, ["--version"]);
    LocalNodeEntry.make(node("rabbit2@registry.test", pid), env);
    expect(findLocalNode("rabbit2@registry.test", env)).toBeUndefined();
    LocalNodeEntry.make(node("rabbit1@registry.test"), env);
    expect(readdirSync(join(session, "leveret"))).toEqual(["rabbit1@registry.test.json"]);
  });

  test("have names of their own", () => {
    const entry = LocalNodeEntry.make(node("rabbit@registry.test", process.ppid), env);
    expect(() => LocalNodeEntry.make(node("rabbit@registry.test"), env)).toThrow(LocalNodeError);
    const later = LocalNodeEntry.make(node("rabbit@registry.test", process.ppid), env);
    later.remove();
    entry.remove();
  });

  test("are entered again where somebody has cleaned up", () => {
    const entry = LocalNodeEntry.make(node("rabbit@registry.test"), env);
    const [file = ""] = readdirSync(join(session, "leveret"));
    rmSync(join(session, "leveret", file));
    entry.refresh();
    expect(findLocalNode("rabbit@registry.test", env)?.port).toBe(25_672);
  });

  test("are not believed where others could have written, unless the directory is named", () => {
    LocalNodeEntry.make(node("rabbit@registry.test"), env);
    const directory = join(session, "leveret");
    chmodSync(directory, 0o777);
    expect(findLocalNode("rabbit@registry.test", env)).toBeUndefined();
    expect(localNodes(env).map(({ name }) => name)).not.toContain("rabbit@registry.test");
    expect(() => LocalNodeEntry.make(node("rabbit@registry.test"), env)).toThrow(LocalNodeError);
    expect(findLocalNode("rabbit@registry.test", { LEVERET_RUNTIME_DIR: directory })?.port).toBe(
      25_672,
    );
  });

  test("whose entries make no sense are left out", () => {
    LocalNodeEntry.make(node("rabbit@registry.test"), env);
    const write = (name: string, content: string): void =>
      writeFileSync(join(session, "leveret", `${name}.json`), content);
    write("a@b", "{");
    write("c@d", JSON.stringify({ name: "c@d", port: "1", pid: process.pid }));
    write("e@f", JSON.stringify(node("g@h")));
    expect(findLocalNode("a@b", env)).toBeUndefined();
    expect(findLocalNode("c@d", env)).toBeUndefined();
    expect(findLocalNode("e@f", env)).toBeUndefined();
  });
});
