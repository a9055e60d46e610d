import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Outcome } from "./outcome.ts";

/** What rabbitmqadmin said to RabbitMQ 3.10.8, by the name of the case. */
export const RECORDING: string = fileURLToPath(
  new URL("recorded/rabbitmq-3.10.8.json", import.meta.url),
);

export interface Recording {
  readonly release: string;
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

export async function readRecording(): Promise<Recording> {
  return JSON.parse(await readFile(RECORDING, "utf8")) as Recording;
}
