import { mkdtemp, readdir, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Disk, ProposalResult, RaftGroup, SpaceState, StateMachine } from "@leveret/raft";
import { onTestFinished } from "vitest";
import type { LogFunction, Logger } from "../../src/logger.ts";
import type { QueueRecord } from "../../src/metadata/records.ts";
import type { QueueGroup } from "../../src/queue/log/queue-group.ts";
import { NodeStorage } from "../../src/storage/node-storage.ts";
import { ListLog } from "./list-log.ts";

/** Small files, so that a test does not write 200 MB of zeros. */
const LIMITS = { hotFileBytes: 256 * 1024, spareFiles: 1 };

export interface OpenedStorage {
  readonly storage: NodeStorage;
  /** As `level message`. */
  readonly lines: string[];
  /** Of each line. */
  readonly fields: object[];
  readonly fatal: Error[];
  readonly spaces: SpaceState[];
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "leveret-storage-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function openStorage(
  directory: string,
  options: { readonly disk?: Disk; createMetadata?(): StateMachine } = {},
): Promise<OpenedStorage> {
  const { log, lines, fields } = fieldLogger();
  const fatal: Error[] = [];
  const spaces: SpaceState[] = [];
  const storage = await NodeStorage.open({
    directory,
    log,
    createMetadata: () => new ListLog(),
    createQueueLog: () => new ListLog().asQueueLog(),
    onFatal: (error) => fatal.push(error),
    onSpaceChange: (space) => spaces.push(space),
    limits: LIMITS,
    ...options,
  });
  onTestFinished(() => storage.stop());
  return { storage, lines, fields, fatal, spaces };
}

export function queueRecord(groupId: number, name = `q${groupId}`): QueueRecord {
  return {
    vhost: "/",
    name,
    type: "classic",
    durable: true,
    autoDelete: false,
    exclusiveOwner: undefined,
    arguments: new Map(),
    groupId,
  };
}

function fieldLogger(): {
  readonly log: Logger;
  readonly lines: string[];
  readonly fields: object[];
} {
  const lines: string[] = [];
  const fields: object[] = [];
  const at =
    (level: string): LogFunction =>
    (...words: readonly [string] | readonly [object, string]) => {
      lines.push(`${level} ${words.at(-1)}`);
      fields.push(typeof words[0] === "string" ? {} : words[0]);
    };
  const log: Logger = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    fatal: at("fatal"),
    isLevelEnabled: () => true,
    child: () => log,
  };
  return { log, lines, fields };
}

/** Proposes a text and waits for the outcome. */
export function store(
  group: RaftGroup | QueueGroup,
  text: string,
): Promise<ProposalResult["kind"]> {
  const data = Buffer.from(text);
  const options = { command: undefined as never, freesSpace: false };
  return new Promise((resolve) => {
    group.propose(data, options, ({ kind }) => resolve(kind));
  });
}

export function ready(group: QueueGroup): Promise<void> {
  return new Promise((resolve) => group.whenReady(resolve));
}

export function itemsOf(group: RaftGroup | QueueGroup): readonly string[] {
  const machine: unknown = "log" in group ? group.log : group.machine;
  return (machine as ListLog).items;
}

/** Flips a bit of a text in the log of a stopped node. `hasIndex`: the file keeps its index, so that nobody looks at once. */
export async function spoil(
  directory: string,
  text: string,
  hasIndex: boolean,
): Promise<{ readonly file: string; readonly offset: number }> {
  const folder = join(directory, "log");
  const names = (await readdir(folder)).sort();
  if (!hasIndex) {
    for (const name of names) if (name.endsWith(".idx")) await unlink(join(folder, name));
  }
  for (const name of names) {
    const bytes = await readFile(join(folder, name));
    const offset = bytes.indexOf(text);
    if (offset < 0) continue;
    bytes[offset] = (bytes[offset] ?? 0) ^ 1;
    await writeFile(join(folder, name), bytes);
    return { file: `log/${name}`, offset };
  }
  throw new Error("the text is not in the log");
}

/** The group of a queue on a node that has it. */
export function openQueue(storage: NodeStorage, record: QueueRecord): QueueGroup {
  const queue = storage.open(record);
  if (queue === undefined) throw new Error(`there is no replica of queue '${record.name}'`);
  return queue;
}
