import { execFile } from "node:child_process";

const LINE_MAX_MS = 120_000;

export interface ToolResult {
  readonly out: string;
  readonly error: string;
  readonly code: number;
}

/** Runs a line by the shell. */
export function run(
  text: string,
  environment: Readonly<Record<string, string>>,
  cwd: string,
): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: environment, timeout: LINE_MAX_MS };
    execFile("/bin/sh", ["-c", text], options, (failure, out, error) => {
      if (failure !== null && typeof failure.code !== "number") {
        reject(new Error(`${text} did not end by itself: ${out}${error}`));
        return;
      }
      resolve({ out, error, code: failure === null ? 0 : Number(failure.code) });
    });
  });
}
