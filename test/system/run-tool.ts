import { execFileSync } from "node:child_process";

/** Runs a program to its end; returns what it prints. @throws Error with what it complains about */
export function runTool(command: string, parts: readonly string[]): string {
  return execFileSync(command, parts, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
