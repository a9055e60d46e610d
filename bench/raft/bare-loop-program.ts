import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from "node:fs";

// What a disk gives without Raft: batches of one size, one after the other, each written into a preallocated
// file and synced. Arguments: file, bytes of a batch, seconds. Prints one line of JSON.

const FILE_SIZE = 256 * 1024 * 1024;
const CHUNK_SIZE = 1024 * 1024;

function preallocate(path: string): number {
  const file = openSync(path, "w+");
  const zeros = Buffer.alloc(CHUNK_SIZE);
  for (let position = 0; position < FILE_SIZE; position += CHUNK_SIZE) {
    writeSync(file, zeros, 0, CHUNK_SIZE, position);
  }
  fsyncSync(file);
  return file;
}

function main(): void {
  const [path = "", sizeText = "", secondsText = ""] = process.argv.slice(2);
  const size = Number(sizeText);
  const durationMs = Number(secondsText) * 1000;
  const file = preallocate(path);
  const batch = Buffer.alloc(size, 0x5a);
  const start = performance.now();
  let batches = 0;
  let position = 0;
  while (performance.now() - start < durationMs) {
    if (position + size > FILE_SIZE) position = 0;
    writeSync(file, batch, 0, size, position);
    fdatasyncSync(file);
    position += size;
    batches++;
  }
  const elapsedMs = performance.now() - start;
  closeSync(file);
  process.stdout.write(`${JSON.stringify({ batches, elapsedMs })}\n`);
}

main();
