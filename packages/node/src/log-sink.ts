import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Takes whole lines, each ending in a line feed; has written them when it returns. */
export interface LogSink {
  write(line: string): void;
}

function dropError(): void {
  // Whoever reads the console has gone: there is no place left to tell it.
}

/**
 * Writes to stdout (1) or stderr (2); synchronously, where they are a terminal, a file, or a pipe of a POSIX
 * system. Whoever reads it may go away: then the lines are dropped.
 */
export function openConsoleSink(fd: 1 | 2): { readonly sink: LogSink; close(): void } {
  const stream = fd === 1 ? process.stdout : process.stderr;
  // One listener for all brokers of the process; it stays, as an error may come after the last line.
  if (!stream.listeners("error").includes(dropError)) stream.on("error", dropError);
  return { sink: { write: (line) => void stream.write(line) }, close: () => undefined };
}

/**
 * Appends to a file, made with its folder if need be. Throws the file system's error if it cannot be opened.
 * If it cannot be written later (a full disk), lines are dropped, which is said once on stderr: the log must
 * not stop the broker. pino's own destination tries again without end and without pause there.
 */
export function openFileSink(file: string): { readonly sink: LogSink; close(): void } {
  mkdirSync(dirname(file), { recursive: true });
  const fd = openSync(file, "a");
  let isFailing = false;
  const write = (line: string): void => {
    try {
      writeAll(fd, Buffer.from(line));
      isFailing = false;
    } catch (error) {
      if (!isFailing) process.stderr.write(`the log ${file} cannot be written: ${String(error)}\n`);
      isFailing = true;
    }
  };
  return { sink: { write }, close: () => closeSync(fd) };
}

/** A write may be a short one; each goes on where the last ended, and one that writes nothing throws. */
function writeAll(fd: number, bytes: Buffer): void {
  for (let offset = 0; offset < bytes.length; ) {
    const written = writeSync(fd, bytes, offset);
    if (written === 0) throw new Error("nothing was written");
    offset += written;
  }
}
