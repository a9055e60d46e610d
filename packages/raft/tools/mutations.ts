import { type ChildProcess, fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  FINDINGS_PATH,
  type Finding,
  README_PATH,
  readFindings,
  renderReadme,
} from "../test/mutations/findings.ts";
import { MUTATIONS } from "../test/mutations/mutations.ts";
import { search } from "../test/mutations/search.ts";

const USAGE = `Usage: npm run sim:mutations -- [options]
  --only TEXT    only bugs with this in their name
  --missing      only bugs that nobody has found yet
  --all          search anew instead of replaying first what found them last
  --seeds N      seeds of the simulator for each bug (default 200)
  --from S       the first seed (default 1)
  --seconds S    give up on a bug after this time (default 600)
  --jobs J       processes (default: cores)
`;

interface Job {
  readonly id: string;
  readonly last: Finding | undefined;
  readonly seeds: number;
  readonly from: number;
}

interface Answer {
  readonly id: string;
  readonly found: Finding | undefined;
  readonly error: string | undefined;
}

interface Settings {
  readonly jobs: number;
  readonly seconds: number;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function work({ id, last, seeds, from }: Job): Promise<Answer> {
  try {
    const mutation = MUTATIONS.find((known) => known.id === id);
    if (mutation === undefined) throw new RangeError(`no bug "${id}"`);
    return {
      id,
      found: await search(mutation, { last, seedsMax: seeds, firstSeed: from, comparesLast: true }),
      error: undefined,
    };
  } catch (error) {
    return { id, found: undefined, error: String(error) };
  }
}

/** Works off jobs in several processes. One that takes too long is ended: a bug may well make a loop endless. */
class Pool {
  readonly #waiting: Job[];
  readonly #settings: Settings;
  readonly #onAnswer: (answer: Answer, seconds: number) => void;

  constructor(
    jobs: readonly Job[],
    settings: Settings,
    onAnswer: (answer: Answer, seconds: number) => void,
  ) {
    this.#waiting = [...jobs];
    this.#settings = settings;
    this.#onAnswer = onAnswer;
  }

  start(): void {
    for (let count = 0; count < this.#settings.jobs; count++) this.#next(undefined);
  }

  #next(idle: ChildProcess | undefined): void {
    const job = this.#waiting.shift();
    if (job === undefined) {
      idle?.disconnect();
      return;
    }
    const child =
      idle ?? fork(fileURLToPath(import.meta.url), ["--worker"], { execArgv: process.execArgv });
    const startedMs = performance.now();
    const answer = (result: Answer, next: ChildProcess | undefined): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      this.#onAnswer(result, (performance.now() - startedMs) / 1000);
      this.#next(next);
    };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      answer({ id: job.id, found: undefined, error: "took too long" }, undefined);
    }, this.#settings.seconds * 1000);
    child.once("message", (result: Answer) => answer(result, child));
    child.once("exit", () =>
      answer({ id: job.id, found: undefined, error: "the process ended" }, undefined),
    );
    child.send(job);
  }
}

/** Keeps the order of the list, and what was found before of bugs that still exist. */
function write(findings: ReadonlyMap<string, Finding>): void {
  const list = MUTATIONS.map(({ id }) => findings.get(id)).filter((known) => known !== undefined);
  writeFileSync(FINDINGS_PATH, `${JSON.stringify(list, undefined, 2)}\n`);
  writeFileSync(README_PATH, renderReadme(findings));
}

function runAll(jobs: readonly Job[], settings: Settings): void {
  const findings = readFindings();
  let left = jobs.length;
  const missing: string[] = [];
  new Pool(jobs, settings, ({ id, found, error }, seconds) => {
    left--;
    if (found === undefined) {
      missing.push(id);
      findings.delete(id);
      print(`NOT FOUND ${id} ${error ?? ""} ${seconds.toFixed(1)} s`);
    } else {
      findings.set(id, found);
      const { finder, label, tried, steps, says } = found;
      print(`${id}: ${finder} ${label} (${tried}, ${steps}) ${says} ${seconds.toFixed(1)} s`);
    }
    write(findings);
    if (left > 0) return;
    print(`${jobs.length - missing.length} of ${jobs.length} found`);
    if (missing.length > 0) process.exitCode = 1;
  }).start();
}

function main(): void {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: "" },
      missing: { type: "boolean", default: false },
      all: { type: "boolean", default: false },
      seeds: { type: "string", default: "200" },
      from: { type: "string", default: "1" },
      seconds: { type: "string", default: "600" },
      jobs: { type: "string", default: String(availableParallelism()) },
      worker: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (values.worker) {
    process.on("message", (job: Job) => {
      void work(job).then((answer) => process.send?.(answer));
    });
    return;
  }
  const findings = readFindings();
  const jobs = MUTATIONS.filter(
    ({ id }) => id.includes(values.only) && !(values.missing && findings.has(id)),
  ).map(({ id }) => ({
    id,
    last: values.all ? undefined : findings.get(id),
    seeds: Number(values.seeds),
    from: Number(values.from),
  }));
  runAll(jobs, { jobs: Number(values.jobs), seconds: Number(values.seconds) });
}

main();
