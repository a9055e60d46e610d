import { setTimeout as pause } from "node:timers/promises";
import type { Caller } from "../caller.ts";
import { UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import type { Command, Input, Output } from "./command.ts";
import { type TopSample, takeSample } from "./top-sample.ts";
import { isSortKey, SORT_KEYS, type SortKey, type TopView, topText } from "./top-text.ts";

/** Seconds between two looks. */
const INTERVAL_DEFAULT = 2;
/** Rows where no terminal says how many fit. */
const ROWS_DEFAULT = 40;
const COLUMNS_DEFAULT = 120;
const CLEAR = "\u001b[H\u001b[J";
const ALTERNATE_SCREEN = { on: "\u001b[?1049h\u001b[?25l", off: "\u001b[?25h\u001b[?1049l" };

const VIEWS: ReadonlyMap<string, TopView> = new Map([
  ["1", "queues"],
  ["2", "connections"],
  ["3", "nodes"],
]);

export const TOP_COMMANDS: readonly Command[] = [
  {
    name: "top",
    group: "Monitoring, observability and health checks",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[queues | connections | nodes] [--sort <key>] [--interval <seconds>] [--once]",
    summary: "Shows the busiest queues and connections, and the nodes, as they change",
    details: [
      ["--sort", SORT_KEYS.map(({ key, name }) => `${key}=${name}`).join(", ")],
      ["--interval", "seconds between two looks, 2 by default"],
      ["--once", "two looks, one screen, and the end: for scripts"],
      ["keys", "1, 2, 3: what is shown; letters: what it is sorted by; q: the end"],
    ],
    count: [0, 1],
    options: ["sort", "interval", "once"],
    needs: "running",
    check: (input) => {
      viewOf(input);
      sortOf(input);
      if ((input.options.interval ?? 1) < 1) {
        throw new UsageError(EXIT.usage, "--interval must be at least 1");
      }
    },
    run: async (input, caller) => {
      const { terminal, options } = input;
      if (options.once === true || terminal === undefined) return once(input, caller);
      return live({ ...input, terminal }, caller);
    },
  },
];

/** @throws UsageError */
function viewOf({ args: [name = "queues"] }: Input): TopView {
  const view = [...VIEWS.values()].find((one) => one === name);
  if (view !== undefined) return view;
  throw new UsageError(EXIT.usage, `top shows ${[...VIEWS.values()].join(", ")}, not '${name}'`);
}

/** @throws UsageError */
function sortOf({ options: { sort } }: Input): SortKey | undefined {
  if (sort === undefined) return undefined;
  const found = SORT_KEYS.find(({ key, name }) => key === sort || name === sort);
  if (found !== undefined) return found.key;
  const known = SORT_KEYS.map(({ name }) => name).join(", ");
  throw new UsageError(EXIT.usage, `--sort must be one of ${known}`);
}

function intervalMs({ options: { interval = INTERVAL_DEFAULT } }: Input): number {
  return interval * 1000;
}

async function once(input: Input, caller: Caller): Promise<Output> {
  const before = await takeSample(caller);
  await pause(intervalMs(input));
  const sample = await takeSample(caller, before);
  const shown = { view: viewOf(input), sort: sortOf(input) };
  const size = { rows: ROWS_DEFAULT, columns: COLUMNS_DEFAULT };
  const { counters: _, ...value } = sample;
  return { kind: "text", text: topText(sample, shown, size), value };
}

/** Draws until the user has enough. */
async function live(
  input: Input & { readonly terminal: NonNullable<Input["terminal"]> },
  caller: Caller,
): Promise<Output> {
  const { terminal } = input;
  const shown = { view: viewOf(input), sort: sortOf(input) };
  const ended = new AbortController();
  let sample: TopSample | undefined;
  const draw = async (): Promise<void> => {
    if (sample === undefined || ended.signal.aborted) return;
    await terminal.write(CLEAR + topText(sample, shown, terminal.size()));
  };
  const stopKeys = terminal.onKey((key) => {
    if (key === "q" || key === "\u0003") ended.abort();
    shown.view = VIEWS.get(key) ?? shown.view;
    if (isSortKey(key)) shown.sort = key;
    void draw();
  });
  await terminal.write(ALTERNATE_SCREEN.on);
  try {
    while (!ended.signal.aborted) {
      sample = await takeSample(caller, sample);
      await draw();
      await pause(intervalMs(input), undefined, { signal: ended.signal }).catch(() => undefined);
    }
  } finally {
    stopKeys();
    await terminal.write(ALTERNATE_SCREEN.off);
  }
  return { kind: "none" };
}
