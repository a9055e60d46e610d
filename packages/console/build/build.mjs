// Builds the console into dist, unless dist was built from the same sources. The files are compressed here, once, so that the broker
// serves bytes that are ready: *.br and *.gz stand beside each file that gains by it.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const stampFile = join(dist, ".built-from");
/** Smaller files fit into one packet anyway. */
const COMPRESS_SIZE_MIN = 600;

const stamp = sourceStamp();
if (!existsSync(stampFile) || readFileSync(stampFile, "utf8") !== stamp) {
  const startedAt = performance.now();
  const { build } = await import("vite");
  await build({ root, configFile: join(root, "vite.config.ts"), logLevel: "warn" });
  compressAll();
  writeFileSync(stampFile, stamp);
  process.stdout.write(`console built in ${Math.round(performance.now() - startedAt)} ms\n`);
}

/** A hash over all that the build reads, the versions of its tools and libraries among them. */
function sourceStamp() {
  const hash = createHash("sha256");
  const files = [
    "index.html",
    "vite.config.ts",
    "package.json",
    ...filesIn("src"),
    ...filesIn("build"),
  ];
  for (const file of files.sort()) {
    hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

function filesIn(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function compressAll() {
  for (const file of filesIn("dist")) {
    const bytes = readFileSync(join(root, file));
    if (bytes.length < COMPRESS_SIZE_MIN) {
      continue;
    }
    const brotli = {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    };
    writeFileSync(join(root, `${file}.br`), brotliCompressSync(bytes, brotli));
    writeFileSync(join(root, `${file}.gz`), gzipSync(bytes, { level: 9 }));
  }
}
