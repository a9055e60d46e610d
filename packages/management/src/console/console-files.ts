import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";

/** A file of the console, in the forms in which it can be sent. */
export interface ConsoleFile {
  readonly type: string;
  /** With quotes, as in the header. */
  readonly etag: string;
  /** Its name changes with its content. */
  readonly isImmutable: boolean;
  readonly plain: Buffer;
  /** undefined: it gains nothing by it. */
  readonly br: Buffer | undefined;
  readonly gzip: Buffer | undefined;
}

/** By path: `/`, `/assets/index-4f3a.js`. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

/** The built console; empty if this installation has none (it is made by `npm run build`). They are some hundred KiB, and kept in memory. */
export async function readConsoleFiles(): Promise<ConsoleFiles> {
  const folder = consoleFolder();
  if (folder === undefined) return new Map();
  const assets = await namesIn(join(folder, "assets"));
  const names = ["index.html", ...assets.map((name) => `assets/${name}`)];
  const files = new Map<string, ConsoleFile>();
  for (const name of names) {
    const file = await readConsoleFile(folder, name);
    if (file !== undefined) files.set(name === "index.html" ? "/" : `/${name}`, file);
  }
  return files;
}

function consoleFolder(): string | undefined {
  try {
    const found = createRequire(import.meta.url).resolve("@leveret/console/package.json");
    return join(dirname(found), "dist");
  } catch {
    return undefined;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

async function readConsoleFile(folder: string, name: string): Promise<ConsoleFile | undefined> {
  const type = TYPES[extname(name)];
  const plain = type === undefined ? undefined : await readIfThere(join(folder, name));
  if (type === undefined || plain === undefined) return undefined;
  return {
    type,
    etag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
    isImmutable: name !== "index.html",
    plain,
    br: await readIfThere(join(folder, `${name}.br`)),
    gzip: await readIfThere(join(folder, `${name}.gz`)),
  };
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch {
    return undefined;
  }
}
