import { fileURLToPath } from "node:url";
import { ChildProgram } from "../test/clients/processes/child-program.ts";
import { type BrokerProcess, startLeveret } from "../test/clients/processes/leveret-process.ts";
import { type Measurement, runAmqpload } from "./amqpload.ts";
import { type RoundOptions, timeArguments } from "./compare.ts";
import { freePort } from "./free-port.ts";
import { LOADS, type Load } from "./loads.ts";
import { median } from "./median.ts";
import { wantedLoads } from "./throughput.ts";

const OPEN_CONSOLE: string = fileURLToPath(
  new URL("../test/browser/open-console.ts", import.meta.url),
);
const SHOWN_MAX_MS = 60_000;
const EXTRA_TIME_MS = 60_000;
/** A browser is on the desk of a person, not on the broker's cores: it has the lowest priority. */
const NICE = ["-n", "19"];

/** What one load does without and with the console's overview open in a browser. */
export interface ConsoleRow {
  readonly title: string;
  /** Medians of the rounds. */
  readonly closed: Measurement;
  readonly open: Measurement;
  /** Rates: open divided by closed; medians of each round's own ratio. */
  readonly rateRatio: number;
  readonly cpuRatio: number;
  /** Live events that the page got, a second: as many as on an idle machine, or it was not open. */
  readonly eventsPerSecond: number;
}

interface Round {
  readonly closed: Measurement;
  readonly open: Measurement;
  readonly eventsPerSecond: number;
}

/** Measures the loads of a broker in memory with the overview of its console closed and open in turn. */
export async function measureConsole(
  options: RoundOptions & { readonly loads: readonly string[] },
  onRow: (row: ConsoleRow) => void,
): Promise<readonly ConsoleRow[]> {
  const port = await freePort();
  const broker = await startLeveret({ flags: ["--management-port", String(port)] });
  const rows: ConsoleRow[] = [];
  try {
    for (const load of wantedLoads(IN_MEMORY, options.loads)) {
      const rounds: Round[] = [];
      for (let round = 0; round < options.rounds; round++) {
        rounds.push(await runRound({ broker, port, load, isOpenFirst: round % 2 === 1 }, options));
      }
      const row = rowOf(load, rounds);
      onRow(row);
      rows.push(row);
    }
    return rows;
  } finally {
    await broker.stop();
  }
}

/** A disk would hide the difference. */
const IN_MEMORY: readonly Load[] = LOADS.filter(({ isDurable }) => isDurable !== true);

interface RoundWork {
  readonly broker: BrokerProcess;
  /** Of the HTTP API. */
  readonly port: number;
  readonly load: Load;
  /** Which comes first alternates, so that drift of the machine does not count for one of them. */
  readonly isOpenFirst: boolean;
}

async function runRound(work: RoundWork, options: RoundOptions): Promise<Round> {
  const { broker, port, load, isOpenFirst } = work;
  const run = (): Promise<Measurement> => {
    const timeoutMs = (options.duration + options.warmup) * 1000 + EXTRA_TIME_MS;
    return runAmqpload(broker, [...load.arguments, ...timeArguments(options)], timeoutMs);
  };
  if (!isOpenFirst) {
    const closed = await run();
    return { closed, ...(await withConsole(port, run)) };
  }
  const open = await withConsole(port, run);
  return { closed: await run(), ...open };
}

async function withConsole(
  port: number,
  run: () => Promise<Measurement>,
): Promise<Omit<Round, "closed">> {
  const program = ["--conditions=@leveret/source", "--import", "tsx", OPEN_CONSOLE];
  const window = new ChildProgram({
    command: "nice",
    arguments: [...NICE, process.execPath, ...program, "--address", `http://localhost:${port}/`],
  });
  try {
    await window.waitForLine("the console", (line) => line === "shown", SHOWN_MAX_MS);
    const startMs = performance.now();
    const open = await run();
    const seconds = (performance.now() - startMs) / 1000;
    const code = await window.stop();
    const { events } = JSON.parse(window.lines.at(-1) ?? "") as { readonly events: number };
    if (code !== 0) throw new Error(`the console failed: ${window.lines.join(" | ")}`);
    return { open, eventsPerSecond: events / seconds };
  } finally {
    await window.stop();
  }
}

function rowOf(load: Load, rounds: readonly Round[]): ConsoleRow {
  const ratio = (figure: keyof Measurement): number =>
    median(rounds.map(({ open, closed }) => open[figure] / closed[figure]));
  return {
    title: load.title,
    closed: medians(rounds.map(({ closed }) => closed)),
    open: medians(rounds.map(({ open }) => open)),
    rateRatio: ratio("messagesPerSecond"),
    cpuRatio: ratio("brokerCpuUs"),
    eventsPerSecond: median(rounds.map(({ eventsPerSecond }) => eventsPerSecond)),
  };
}

function medians(all: readonly Measurement[]): Measurement {
  const [first] = all;
  if (first === undefined) throw new Error("nothing was measured");
  const figures = (Object.keys(first) as (keyof Measurement)[]).map((figure) => [
    figure,
    median(all.map((each) => each[figure])),
  ]);
  return Object.fromEntries(figures) as Measurement;
}

/** Head of the table that `formatConsoleRow` fills. */
export const CONSOLE_TABLE_HEAD = `| load | messages/s closed | open | ratio | CPU us per message closed | open | ratio | p99 us closed | open | events/s |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |`;

export function formatConsoleRow(row: ConsoleRow): string {
  const { closed, open } = row;
  const rate = (each: Measurement): string =>
    Math.round(each.messagesPerSecond).toLocaleString("en");
  const rates = [rate(closed), rate(open), row.rateRatio.toFixed(3)];
  const costs = [
    closed.brokerCpuUs.toFixed(2),
    open.brokerCpuUs.toFixed(2),
    row.cpuRatio.toFixed(3),
  ];
  const latency = [closed.p99Us, open.p99Us].map((us) => String(Math.round(us)));
  return `| ${[row.title, ...rates, ...costs, ...latency, row.eventsPerSecond.toFixed(1)].join(" | ")} |`;
}
