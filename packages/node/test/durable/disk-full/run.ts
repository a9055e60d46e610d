import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { launchLeveret } from "../crash/broker-launcher.ts";
import { DiskFullTest } from "./disk-full-test.ts";
import { SmallDisk } from "./small-disk.ts";

// npm run test:disk-full -- [--mib 400] [--program FILE]: needs root, to mount a small file system.

const { values } = parseArgs({
  options: {
    mib: { type: "string", default: "400" },
    "settle-ms": { type: "string", default: "250" },
    program: { type: "string" },
  },
});

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const directory = await mkdtemp(join(tmpdir(), "disk-full-"));
const program = values.program === undefined ? {} : { program: [values.program] };
const disk = await SmallDisk.mount(join(directory, "disk"), Number(values.mib));
try {
  await new DiskFullTest({
    launch: launchLeveret(directory, { ...program, dataDirectory: join(disk.path, "data") }),
    disk,
    settleMs: Number(values["settle-ms"]),
    print,
  }).run();
  print("disk full: blocked, nothing lost, recovered");
} catch (error) {
  print(error instanceof Error ? (error.stack ?? error.message) : String(error));
  print(`broker.log is kept in ${directory}`);
  process.exitCode = 1;
} finally {
  await disk.unmount();
  if (process.exitCode === undefined) await rm(directory, { recursive: true });
}
