import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { startLeveret } from "../test/clients/processes/leveret-process.ts";
import { type Contestant, compare, type RoundOptions, withContestants } from "./compare.ts";
import { startLeveretCluster } from "./leveret-cluster.ts";
import { CLUSTER_LOADS, LOADS, type Load } from "./loads.ts";
import { startRabbitmqCluster } from "./rabbitmq-cluster.ts";
import { startRabbitmq } from "./rabbitmq-process.ts";
import { type Row, toRow } from "./rows.ts";

/** A broker that stores says so before it ends. */
const STOP_MAX_MS = 60_000;
/** Nodes of a cluster that stood still find each other again, and elect leaders. */
const CLUSTER_SETTLE_MS = 3000;

export interface ThroughputOptions extends RoundOptions {
  /** Names of loads; all when empty. */
  readonly loads: readonly string[];
  /** RabbitMQ's start script; undefined: not measured. */
  readonly rabbitmq: string | undefined;
  /** false: RabbitMQ alone, to check the benchmark itself. */
  readonly isOursMeasured: boolean;
  /** An existing folder, on the disk on which both store in durable loads. */
  readonly directory: string;
}

export interface ThroughputReport {
  readonly rabbitmqVersion: string | undefined;
  readonly rows: readonly Row[];
}

/** Runs the loads against ours and, when told where it is, RabbitMQ. */
export async function measureThroughput(
  options: ThroughputOptions,
  onRow: (row: Row) => void,
): Promise<ThroughputReport> {
  const wanted = wantedLoads(LOADS, options.loads);
  const reports: ThroughputReport[] = [];
  for (const isDurable of [false, true]) {
    const loads = wanted.filter((load) => (load.isDurable ?? false) === isDurable);
    if (loads.length === 0) continue;
    const start = {
      leveret: async (directory: string): Promise<Contestant> => {
        const dataDirectory = join(directory, "leveret");
        const broker = await startLeveret(
          isDurable ? { dataDirectory, stopMaxMs: STOP_MAX_MS } : {},
        );
        return { name: "leveret", nodes: [broker], stop: broker.stop };
      },
      rabbitmq: async (directory: string, script: string): Promise<Contestant> => {
        const broker = await startRabbitmq(script, { parent: directory });
        const { version, stop } = broker;
        return { name: "rabbitmq", nodes: [broker], version, stop };
      },
    };
    reports.push(await measureLoads(loads, start, options, onRow));
  }
  return {
    rabbitmqVersion: reports[0]?.rabbitmqVersion,
    rows: reports.flatMap(({ rows }) => rows),
  };
}

/** The same with clusters of three nodes. */
export function measureClusterThroughput(
  options: ThroughputOptions,
  onRow: (row: Row) => void,
): Promise<ThroughputReport> {
  const loads = wantedLoads(CLUSTER_LOADS, options.loads);
  const start = { leveret: startLeveretCluster, rabbitmq: startRabbitmqCluster };
  return measureLoads(loads, start, { ...options, settleMs: CLUSTER_SETTLE_MS }, onRow);
}

interface Starters {
  leveret(directory: string): Promise<Contestant>;
  rabbitmq(directory: string, script: string): Promise<Contestant>;
}

async function measureLoads(
  loads: readonly Load[],
  start: Starters,
  options: ThroughputOptions,
  onRow: (row: Row) => void,
): Promise<ThroughputReport> {
  const directory = await mkdtemp(join(options.directory, "throughput-"));
  const { rabbitmq } = options;
  const starters: (() => Promise<Contestant>)[] = [];
  if (options.isOursMeasured) starters.push(() => start.leveret(directory));
  if (rabbitmq !== undefined) starters.push(() => start.rabbitmq(directory, rabbitmq));
  try {
    return await withContestants(starters, async (contestants) => {
      const rows: Row[] = [];
      for (const load of loads) {
        const row = toRow(await compare(load, contestants, options), contestants, options);
        onRow(row);
        rows.push(row);
      }
      const rabbitmqVersion = contestants.find(({ version }) => version !== undefined)?.version;
      return { rabbitmqVersion, rows };
    });
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Those of these names, or all. @throws Error if there is none of a name */
export function wantedLoads(loads: readonly Load[], names: readonly string[]): readonly Load[] {
  if (names.length === 0) return loads;
  return names.map((name) => {
    const load = loads.find((each) => each.name === name);
    if (load === undefined) {
      throw new Error(`no load ${name}; there are ${loads.map((each) => each.name).join(", ")}`);
    }
    return load;
  });
}
