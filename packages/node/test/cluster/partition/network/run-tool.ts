import { execFileSync } from "node:child_process";

/** Runs a program to its end; returns what it prints. @throws Error with what it complains about */
export function runTool(command: string, parts: readonly string[]): string {
  return execFileSync(command, parts, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** @throws Error */
export function runInside(namespace: string, command: string, parts: readonly string[]): string {
  return runTool("ip", ["netns", "exec", namespace, command, ...parts]);
}
