import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/*
 * Which nodes run on this host, and where: what RabbitMQ asks epmd. Each node keeps one small file in a directory that only its user can
 * enter, and removes it when it ends; the file of a process that is gone counts for nothing.
 */

/** A node that runs on this host. */
export interface LocalNode {
  /** `rabbit@host`. */
  readonly name: string;
  /** Where its cluster port listens; undefined: on all interfaces. */
  readonly host?: string | undefined;
  readonly port: number;
  readonly pid: number;
  /** Where its cookie is; undefined: it was given in another way. */
  readonly cookieFile?: string | undefined;
}

/** LEVERET_RUNTIME_DIR, XDG_RUNTIME_DIR and the like. */
type Environment = Readonly<Record<string, string | undefined>>;

const OTHERS = 0o077;
/** Longest name of a file on common file systems is 255 bytes. */
const FILE_NAME_MAX = 200;
const SUFFIX = ".json";
/** What a file of ours has at most; others are not read. */
const FILE_SIZE_MAX = 16 * 1024;

/** A node's entry. While the node runs, `refresh` is to be called now and then. */
export class LocalNodeEntry {
  readonly #file: string;
  readonly #node: LocalNode;

  private constructor(file: string, node: LocalNode) {
    this.#file = file;
    this.#node = node;
  }

  /**
   * Makes the entry, and removes those of processes that are gone. @throws LocalNodeError if it cannot be made, or another process of that
   * name has one
   */
  static make(node: LocalNode, env: Environment): LocalNodeEntry {
    const directory = ownDirectory(env);
    for (const name of readdirSync(directory)) removeIfStale(join(directory, name));
    const file = join(directory, fileName(node.name));
    const other = readEntry(file);
    if (other !== undefined && other.pid !== node.pid) {
      throw new LocalNodeError(
        `a node named ${node.name} runs on this host already, with process id ${other.pid} and cluster port ${other.port}`,
      );
    }
    const entry = new LocalNodeEntry(file, node);
    entry.#write();
    return entry;
  }

  /** Programs that clean up take files for forgotten that nobody touches. */
  refresh(): void {
    try {
      const now = new Date();
      utimesSync(this.#file, now, now);
    } catch {
      this.#rewrite();
    }
  }

  /** Unless another process has taken the name over. */
  remove(): void {
    if (readEntry(this.#file)?.pid === this.#node.pid) rmSync(this.#file, { force: true });
  }

  #rewrite(): void {
    try {
      this.#write();
    } catch {
      // The directory is gone, or not ours any more; tools have to be told the port.
    }
  }

  /** Whole, or not at all: a reader may come at any time. */
  #write(): void {
    const draft = `${this.#file}.${this.#node.pid}`;
    writeFileSync(draft, `${JSON.stringify(this.#node)}\n`, { mode: 0o600 });
    renameSync(draft, this.#file);
  }
}

/** A node cannot be entered among those of this host. The message is a sentence. */
export class LocalNodeError extends Error {
  override readonly name = "LocalNodeError";
}

/** The node of that name, if it runs on this host and its entry can be trusted. */
export function findLocalNode(name: string, env: Environment): LocalNode | undefined {
  for (const directory of directories(env)) {
    if (!isTrusted(directory)) continue;
    const node = readEntry(join(directory.path, fileName(name)));
    if (node?.name === name) return node;
  }
  return undefined;
}

/** All that run on this host, by name. */
export function localNodes(env: Environment): readonly LocalNode[] {
  const found = new Map<string, LocalNode>();
  for (const directory of directories(env)) {
    if (!isTrusted(directory)) continue;
    for (const file of readdirSync(directory.path)) {
      const node = file.endsWith(SUFFIX) ? readEntry(join(directory.path, file)) : undefined;
      if (node !== undefined && !found.has(node.name)) found.set(node.name, node);
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface Directory {
  readonly path: string;
  /** Somebody has named it, and answers for it. */
  readonly isNamed: boolean;
}

/**
 * In the order of looking. The directory for a user's session is there only in sessions: a tool that cron runs has to find nodes that were
 * started in one, and the other way round.
 */
function directories(env: Environment): readonly Directory[] {
  const named = nonEmpty(env["LEVERET_RUNTIME_DIR"]);
  if (named !== undefined) return [{ path: named, isNamed: true }];
  const session = nonEmpty(env["XDG_RUNTIME_DIR"]);
  const user = process.getuid?.() ?? "user";
  const paths = [
    ...(session === undefined ? [] : [join(session, "leveret")]),
    ...(process.platform === "linux" ? [join("/run/user", `${user}`, "leveret")] : []),
    join(tmpdir(), `leveret-${user}`),
  ];
  return [...new Set(paths)].map((path) => ({ path, isNamed: false }));
}

/** Where this process enters itself; made if it is not there. @throws LocalNodeError */
function ownDirectory(env: Environment): string {
  const named = nonEmpty(env["LEVERET_RUNTIME_DIR"]);
  const session = nonEmpty(env["XDG_RUNTIME_DIR"]);
  const user = process.getuid?.() ?? "user";
  const path =
    named ?? (session === undefined ? join(tmpdir(), `leveret-${user}`) : join(session, "leveret"));
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new LocalNodeError(`the directory ${path} cannot be made: ${why}`, { cause: error });
  }
  if (isTrusted({ path, isNamed: named !== undefined })) return path;
  throw new LocalNodeError(`the directory ${path} is not one that only this user can write to`);
}

/** In a directory for everybody (/tmp) somebody else may have been there first, and say of any port that it is the node's. */
function isTrusted({ path, isNamed }: Directory): boolean {
  try {
    const stat = isNamed ? statSync(path) : lstatSync(path);
    if (!stat.isDirectory()) return false;
    if (process.platform === "win32" || isNamed) return true;
    return stat.uid === process.getuid?.() && (stat.mode & OTHERS) === 0;
  } catch {
    return false;
  }
}

/** undefined: there is none, it cannot be read, or its process is gone. */
function readEntry(file: string): LocalNode | undefined {
  try {
    if (lstatSync(file).size > FILE_SIZE_MAX) return undefined;
    const node = asLocalNode(JSON.parse(readFileSync(file, "utf8")));
    return node !== undefined && isAlive(node.pid) ? node : undefined;
  } catch {
    return undefined;
  }
}

function removeIfStale(file: string): void {
  if (!file.endsWith(SUFFIX) || readEntry(file) !== undefined) return;
  rmSync(file, { force: true });
}

function asLocalNode(value: unknown): LocalNode | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { name, host, port, pid, cookieFile } = value as Readonly<Record<string, unknown>>; // Any object's fields are unknown.
  if (typeof name !== "string" || !isNumber(port) || !isNumber(pid)) return undefined;
  return {
    name,
    port,
    pid,
    ...(typeof host === "string" ? { host } : {}),
    ...(typeof cookieFile === "string" ? { cookieFile } : {}),
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0;
}

/** Also one of another user, which cannot be signalled. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Names of nodes may have what names of files may not. */
function fileName(node: string): string {
  return `${encodeURIComponent(node).replaceAll("%40", "@").slice(0, FILE_NAME_MAX)}${SUFFIX}`;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
