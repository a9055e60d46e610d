import { readFile } from "node:fs/promises";
import { brokerUnderTest } from "./broker-under-test.ts";
import { GROUPS } from "./cases.ts";
import { expectedOfUs } from "./differences.ts";
import { type Recording, recordedFile } from "./recording.ts";
import { runCases } from "./run-cases.ts";

/*
 * Prints, line by line, where the broker under test answers otherwise than recorded. The replay test says the
 * same; this is shorter to read. An argument limits it to cases whose group and name contain it.
 */

const only = process.argv[2] ?? "";
const broker = await brokerUnderTest();
let differing = 0;
for (const group of GROUPS) {
  const wanted = group.cases.filter((item) => `${group.name}: ${item.name}`.includes(only));
  const recordings = JSON.parse(await readFile(recordedFile(group.name), "utf8")) as Record<
    string,
    Recording
  >;
  const { transcripts, failures } = await runCases(broker.target, wanted);
  for (const [item, got] of transcripts) {
    const recorded = recordings[item.name]?.transcript ?? [];
    const expected = broker.isRabbit ? recorded : expectedOfUs(item.name, recorded);
    const shown = differences(expected, got);
    if (shown.length > 0) say(`# ${group.name}: ${item.name}\n${shown.join("\n")}`);
    if (shown.length > 0) differing += 1;
  }
  for (const failure of failures) say(failure);
  differing += failures.length;
}
say(`${differing} cases differ`);
await broker.stop();

function differences(expected: readonly string[], got: readonly string[]): string[] {
  const lines: string[] = [];
  for (let index = 0; index < Math.max(expected.length, got.length); index++) {
    if (expected[index] === got[index]) continue;
    if (expected[index] !== undefined) lines.push(`- ${expected[index]}`);
    if (got[index] !== undefined) lines.push(`+ ${got[index]}`);
  }
  return lines;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
