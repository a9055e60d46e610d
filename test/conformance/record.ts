import { mkdir, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { GROUPS } from "./cases.ts";
import { compareAll } from "./compare.ts";
import { startRabbit } from "./rabbitmq.ts";
import { type Recording, type Recordings, readRecordings, recordedFile } from "./recording.ts";
import { runCases } from "./run-cases.ts";
import type { Case, Group, Target } from "./script/session.ts";

const LINE_WIDTH_MAX = 100;

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    against: { type: "string" },
    compare: { type: "boolean", default: false },
    print: { type: "boolean", default: false },
  },
});

if (options.compare) {
  await compareAll(options.only);
} else if (options.against === undefined) {
  say("starting a private RabbitMQ");
  const rabbit = await startRabbit();
  try {
    await recordAll(rabbit.target);
  } finally {
    await rabbit.stop();
  }
} else {
  const url = new URL(options.against);
  await recordAll({ host: url.hostname, port: Number(url.port || 5672) });
}

async function recordAll(target: Target): Promise<void> {
  const started = Date.now();
  await mkdir(new URL("./recorded/", import.meta.url), { recursive: true });
  const { transcripts: recorded, failures } = await runCases(target, wanted());
  for (const group of GROUPS) await writeGroup(group, recorded);
  say(`recorded ${recorded.size} cases in ${Date.now() - started} ms, ${failures.length} failed`);
  for (const failure of failures) say(failure);
  if (failures.length > 0) process.exitCode = 1;
}

function wanted(): Case[] {
  return GROUPS.flatMap((group) =>
    group.cases.filter((item) => `${group.name}: ${item.name}`.includes(options.only)),
  );
}

/** Replaces what was recorded anew; drops cases that exist no more. */
async function writeGroup(
  group: Group,
  recorded: ReadonlyMap<Case, readonly string[]>,
): Promise<void> {
  const file = recordedFile(group.name);
  const recording: Record<string, Recording> = {};
  const earlier = await readRecordings(group.name);
  for (const item of group.cases) {
    const transcript = recorded.get(item) ?? earlier[item.name]?.transcript;
    if (transcript !== undefined) recording[item.name] = { section: item.section, transcript };
    if (options.print && recorded.has(item)) say(`\n# ${item.name}\n${transcript?.join("\n")}`);
  }
  const sorted = Object.fromEntries(Object.entries(recording).sort(byName));
  await writeFile(file, layOut(sorted));
}

/** JSON as the project's formatter leaves it: a transcript that fits stands on one line. */
function layOut(recordings: Recordings): string {
  const entries = Object.entries(recordings).map(([name, { section, transcript }]) => {
    const lines = transcript.map((line) => JSON.stringify(line));
    const short = `    "transcript": [${lines.join(", ")}]`;
    const long = `    "transcript": [\n      ${lines.join(",\n      ")}\n    ]`;
    const shown = short.length > LINE_WIDTH_MAX ? long : short;
    return `  ${JSON.stringify(name)}: {\n    "section": "${section}",\n${shown}\n  }`;
  });
  return `{\n${entries.join(",\n")}\n}\n`;
}

function byName([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : 1;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
