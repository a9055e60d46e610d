import { type BrokerUnderTest, brokerUnderTest } from "./broker-under-test.ts";
import { GROUPS } from "./cases.ts";
import { expectedOfUs } from "./differences.ts";
import { readRecordings } from "./recording.ts";
import { runCases } from "./run-cases.ts";
import type { Group } from "./script/session.ts";

/**
 * Prints, line by line, where the broker under test answers otherwise than recorded, for cases whose group and
 * name contain `only`. The replay test says the same; this is shorter to read.
 */
export async function compareAll(only: string): Promise<void> {
  const broker = await brokerUnderTest();
  let differing = 0;
  for (const group of GROUPS) differing += await compareGroup(broker, group, only);
  say(`${differing} cases differ`);
  await broker.stop();
}

async function compareGroup(broker: BrokerUnderTest, group: Group, only: string): Promise<number> {
  const wanted = group.cases.filter((item) => `${group.name}: ${item.name}`.includes(only));
  const recordings = await readRecordings(group.name);
  const { transcripts, failures } = await runCases(broker.target, wanted);
  let differing = failures.length;
  for (const [item, got] of transcripts) {
    const recorded = recordings[item.name]?.transcript ?? [];
    const expected = broker.isRabbit ? recorded : expectedOfUs(item.name, recorded);
    const shown = differences(expected, got);
    if (shown.length > 0) say(`# ${group.name}: ${item.name}\n${shown.join("\n")}`);
    differing += shown.length > 0 ? 1 : 0;
  }
  for (const failure of failures) say(failure);
  return differing;
}

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
