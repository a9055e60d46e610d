import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { RawClient, waitFor } from "./raw-client.ts";

const ROOT = join(import.meta.dirname, "../../../..");

interface ReadyLine {
  readonly msg: string;
  readonly pid: number;
  readonly ports: { readonly amqp: number };
}

let npm: ChildProcess | undefined;
let ready: ReadyLine | undefined;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  }
}

afterEach(() => {
  npm?.kill("SIGKILL");
  if (ready !== undefined && isAlive(ready.pid)) process.kill(ready.pid, "SIGKILL");
});

test("SIGTERM to npm start reaches the broker: clients get 320, nothing is left behind", {
  timeout: 60_000,
}, async () => {
  const flags = ["start", "--", "--amqp-port", "0", "--in-memory", "--log-format", "json"];
  const child = spawn("npm", flags, { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"] });
  npm = child;
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    const line = output.split("\n").find((text) => text.includes('"leveret ready"'));
    if (line?.endsWith("}")) ready = JSON.parse(line) as ReadyLine; // The broker's own line.
  });
  await waitFor(() => ready !== undefined, "the broker to be ready");
  const { pid, ports } = ready as unknown as ReadyLine; // Just waited for.
  const client = await RawClient.open({ host: "127.0.0.1", port: ports.amqp });
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const close = await client.next("connection.close");
  expect(close.method).toMatchObject({ replyCode: 320 });
  client.send(0, "connection.close-ok", {});
  expect((await exited)[0]).toBe(0);
  expect(isAlive(pid)).toBe(false);
});
