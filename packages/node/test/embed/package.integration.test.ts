import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../../../..");
const TSC = join(ROOT, "node_modules/.bin/tsc");
/** Building and packing start half a dozen processes. */
const SETUP_MAX_MS = 120_000;

/** Runs the compiler; it tells on stdout what is wrong. */
async function compile(flags: readonly string[], cwd: string): Promise<void> {
  await run(TSC, flags, { cwd }).catch((error: Error & { stdout?: string }) => {
    throw new Error(error.stdout || error.message, { cause: error });
  });
}

/** What a user's project is after `npm install leveret`: our packages unpacked, theirs linked. */
let project: string;

async function install(folder: string): Promise<void> {
  const { name, dependencies = {} } = JSON.parse(
    readFileSync(join(ROOT, folder, "package.json"), "utf8"),
  ) as { name: string; dependencies?: Record<string, string> };
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", project], {
    cwd: join(ROOT, folder),
  });
  const [packed] = JSON.parse(stdout) as [{ filename: string }];
  const target = join(project, "node_modules", name);
  mkdirSync(target, { recursive: true });
  await run("tar", ["-xzf", join(project, packed.filename), "-C", target, "--strip-components=1"]);
  for (const dependency of Object.keys(dependencies)) {
    if (!dependency.startsWith("@leveret/")) link(dependency);
  }
}

function link(dependency: string): void {
  const target = join(project, "node_modules", dependency);
  // Two of our packages may need the same one.
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  symlinkSync(join(ROOT, "node_modules", dependency), target);
}

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), "leveret-package-"));
  await compile(["--build", "packages/node"], ROOT);
  for (const folder of ["amqp", "console", "control", "hashring", "management", "raft", "node"]) {
    await install(`packages/${folder}`);
  }
  link("@types/node");
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
}, SETUP_MAX_MS);

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

describe("the packed package", () => {
  test("starts a broker from plain JavaScript", async () => {
    writeFileSync(
      join(project, "plain.js"),
      `import { startBroker, VirtualClock } from "leveret";
       const broker = await startBroker({ clock: new VirtualClock() });
       process.stdout.write(broker.url);
       await broker.stop();`,
    );
    const { stdout } = await run(process.execPath, ["plain.js"], { cwd: project });
    expect(stdout).toMatch(/^amqp:\/\/guest:guest@127\.0\.0\.1:\d+$/);
  });

  test("lets nothing but its API be imported", async () => {
    writeFileSync(
      join(project, "inside.js"),
      `await import("leveret/dist/broker/broker.js").catch((error) => process.stdout.write(error.code));`,
    );
    const { stdout } = await run(process.execPath, ["inside.js"], { cwd: project });
    expect(stdout).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });

  test("has types that a strict TypeScript project can use", async () => {
    writeFileSync(
      join(project, "typed.ts"),
      `import {
         type Config, type EmbeddedBroker, type QueuedMessage, type StartBrokerOptions, startBroker,
       } from "leveret";
       const options: StartBrokerOptions = {
         configure: (config: Config): Config => ({ ...config, definitions: [] }),
       };
       await using broker: EmbeddedBroker = await startBroker(options);
       const messages: QueuedMessage[] = await broker.waitForMessages("q", 1);
       const id: string | undefined = messages[0]?.properties.messageId;
       process.exitCode = id === undefined ? 1 : 0;
       // @ts-expect-error: a queue name is a string
       broker.queue(1);`,
    );
    const flags = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2022"];
    const library = ["--lib", "es2023,esnext.disposable", "--types", "node"];
    await compile([...flags, ...library, "typed.ts"], project);
  }, 30_000);

  test("has a command that says its version", async () => {
    const main = join(project, "node_modules/leveret/dist/main.js");
    const { stdout } = await run(process.execPath, [main, "--version"], { cwd: project });
    expect(stdout).toMatch(/\d+\.\d+\.\d+/);
  });
});
