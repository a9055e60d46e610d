import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defaultConfig } from "../src/config/load-config.ts";
import { type DetachedOutcome, startDetached } from "../src/detached-start.ts";
import { removePidFile, writePidFile } from "../src/pid-file.ts";

/** The process that is started: ends by itself, so that nothing is left behind. */
const HELLO = `
  import { reportReady } from ${JSON.stringify(import.meta.resolve("../src/detached-start.ts"))};
  process.stdout.write("child says hello\\n");
`;

describe("a detached start", () => {
  let cwd: string;

  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), "leveret-detached-"));
  });

  afterEach(() => {
    rmSync(cwd, { recursive: true, force: true });
  });

  function start(child: string): Promise<DetachedOutcome> {
    return startDetached({
      command: [
        "--import",
        import.meta.resolve("tsx"),
        "--conditions=@leveret/source",
        "--input-type=module",
        "--eval",
        child,
      ],
      env: {},
      cwd,
      config: defaultConfig("h"),
    });
  }

  test("waits until the broker serves; its output goes to a log file", async () => {
    const outcome = await start(`${HELLO} reportReady();`);
    expect(outcome).toEqual({
      kind: "ready",
      pid: expect.any(Number),
      logFile: join(cwd, "leveret.log"),
    });
    expect(readFileSync(join(cwd, "leveret.log"), "utf8")).toBe("child says hello\n");
  });

  test("tells the exit code of a broker that did not start", async () => {
    expect(await start(`${HELLO} process.exitCode = 70;`)).toEqual({
      kind: "failed",
      exitCode: 70,
      text: `did not start, see ${join(cwd, "leveret.log")}`,
    });
  });

  test("has failed if the broker was stopped before it served", async () => {
    expect(await start(`${HELLO} process.exitCode = 0;`)).toMatchObject({
      kind: "failed",
      exitCode: 1,
    });
  });

  test("a pid file holds the process id, and is removed only by its owner", () => {
    const file = join(cwd, "x.pid");
    writePidFile(file);
    expect(readFileSync(file, "utf8")).toBe(`${process.pid}\n`);
    removePidFile(file);
    expect(existsSync(file)).toBe(false);
    removePidFile(file);
  });
});
