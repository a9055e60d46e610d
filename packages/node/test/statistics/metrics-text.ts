/** One line of a scrape. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What Prometheus would read. */
export interface Scrape {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;

/** Reads the text format as strictly as Prometheus does. @throws Error that shows the line */
export function readScrape(text: string): Scrape {
  const types = new Map<string, string>();
  const samples = new Map<string, Sample[]>();
  let current = "";
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("# HELP ")) continue;
    if (line.startsWith("# TYPE ")) {
      noteType(types, line);
      continue;
    }
    const { metric, sample } = readLine(line);
    if (metric !== current && samples.has(metric)) throw new Error(`not together: ${line}`);
    current = metric;
    const known = samples.get(metric);
    if (known === undefined) samples.set(metric, [sample]);
    else known.push(sample);
  }
  return { types, samples };
}

function noteType(types: Map<string, string>, line: string): void {
  const [, , name, type] = line.split(" ");
  if (name === undefined || type === undefined || types.has(name)) throw new Error(line);
  types.set(name, type);
}

function readLine(line: string): { readonly metric: string; readonly sample: Sample } {
  const [, metric, labels = "", value] = LINE.exec(line) ?? [];
  if (metric === undefined || value === undefined) throw new Error(`no sample: ${line}`);
  return { metric, sample: { labels: readLabels(labels, line), value: readValue(value, line) } };
}

function readLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let end = 0;
  for (const match of text.matchAll(LABEL)) {
    const [whole, name = "", value = ""] = match;
    labels[name] = value.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
    end = match.index + whole.length;
  }
  if (end !== text.length) throw new Error(`bad labels: ${line}`);
  return labels;
}

function readValue(text: string, line: string): number {
  const value = text === "+Inf" ? Number.POSITIVE_INFINITY : Number(text);
  if (Number.isNaN(value)) throw new Error(`bad value: ${line}`);
  return value;
}
