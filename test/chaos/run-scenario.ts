import { join } from "node:path";
import { findRabbitmq } from "../../bench/rabbitmq-process.ts";
import { NetworkCuts } from "../../packages/node/test/cluster/partition/network/network-cuts.ts";
import type { NetworkLayout } from "../../packages/node/test/cluster/partition/network/network-layout.ts";
import { SmallDisk } from "../../packages/node/test/durable/disk-full/small-disk.ts";
import { Random } from "../../packages/raft/src/core/random.ts";
import { ChaosRun, settled } from "./chaos-run.ts";
import { RunHistory } from "./clients/run-history.ts";
import type { ChaosCluster, Product } from "./cluster/chaos-cluster.ts";
import { CLUSTER_PORT, dataDirectory, LeveretNodes } from "./cluster/leveret-nodes.ts";
import { RabbitmqNodes } from "./cluster/rabbitmq-nodes.ts";
import type { Load, Need, NemesisContext } from "./nemesis/nemesis.ts";
import { NodeCare } from "./nemesis/node-care.ts";
import { SlowLinks } from "./relay/slow-links.ts";
import type { ChaosResult } from "./report/chaos-result.ts";
import { currentCommit } from "./report/commit.ts";
import type { Scenario } from "./scenarios.ts";
import { planFaults } from "./schedule.ts";
import { buildShim, FaultShim } from "./shim/fault-shim.ts";
import { Timeline } from "./timeline.ts";
import { until } from "./until.ts";
import { WORKLOADS } from "./workloads/all-workloads.ts";
import { MIRRORED_PATTERN } from "./workloads/queue-names.ts";
import type { Workload } from "./workloads/workload.ts";

const SMALL_DISK_MIB = 500;
const SYNCED_MAX_MS = 60_000;

export interface ScenarioOptions {
  readonly scenario: Scenario;
  readonly product: Product;
  readonly seed: number;
  readonly seconds: number;
  readonly rate: number;
  readonly workloads: readonly string[];
  readonly layout: NetworkLayout;
  /** For data and logs. */
  readonly directory: string;
  readonly main: string | undefined;
  readonly python: string;
  readonly isCredulous: boolean;
  readonly print: (line: string) => void;
  readonly repeat: string;
}

/** Starts a cluster in the network that is there, runs the scenario on it, and checks what was seen. */
export async function runScenario(options: ScenarioOptions): Promise<ChaosResult> {
  const { seed, seconds, scenario, directory } = options;
  const startedAt = new Date().toISOString();
  const timeline = new Timeline(options.print);
  const victim = new Random(seed).below(options.layout.nodes.length);
  const needs = new Set(scenario.nemeses.flatMap((nemesis) => nemesis.needs));
  const surroundings = await prepare(options, needs, victim);
  let cluster: ChaosCluster | undefined;
  try {
    cluster = await startCluster(options, surroundings.shims);
    await cluster.mirror(MIRRORED_PATTERN);
    timeline.note(`${cluster.indices.length} nodes of ${cluster.product} ${cluster.version} serve`);
    const history = new RunHistory();
    const workloads = makeWorkloads(options, cluster, history);
    const context: NemesisContext = {
      ...surroundings,
      cluster,
      cuts: new NetworkCuts(options.layout),
      care: new NodeCare(cluster),
      timeline,
      victim,
      load: makeLoad(cluster, workloads),
    };
    const tracks = planFaults(scenario.nemeses, seconds, seed);
    const run = new ChaosRun({ context, history, workloads, tracks, seconds });
    const { findings: seen, ...outcome } = await run.run();
    for (const error of history.errors) timeline.note(`connections ended: ${error}`);
    const operations = history.operations();
    const verdicts = workloads.map((workload) => ({
      workload,
      verdict: workload.check(operations),
    }));
    const findings = [
      ...seen.map((finding) => ({ ...finding, workload: "cluster" })),
      ...verdicts.flatMap(({ workload, verdict }) =>
        verdict.findings.map((finding) => ({ ...finding, workload: workload.name })),
      ),
    ];
    return {
      ...outcome,
      product: cluster.product,
      version: cluster.version,
      commit: currentCommit(),
      scenario: scenario.name,
      seed,
      seconds,
      nodes: cluster.indices.length,
      startedAt,
      verdict: findings.length === 0 ? "pass" : "fail",
      findings,
      workloads: verdicts.map(({ workload, verdict }) => ({
        name: workload.name,
        ...workload.figures,
        counts: verdict.counts,
      })),
      timeline: timeline.entries,
      repeat: options.repeat,
    };
  } finally {
    surroundings.links?.close();
    await cluster?.close();
    await surroundings.disk?.unmount();
    options.print(`data and logs were in ${directory}`);
  }
}

type Surroundings = Pick<NemesisContext, "shims" | "links" | "disk">;

async function prepare(
  { layout, directory, print }: ScenarioOptions,
  needs: ReadonlySet<Need>,
  victim: number,
): Promise<Surroundings> {
  const library = needs.has("shim") ? buildShim(directory) : undefined;
  const shims = layout.nodes.flatMap((_, node) =>
    library === undefined ? [] : [new FaultShim(library, join(directory, `shim${node + 1}`))],
  );
  const path = dataDirectory(directory, victim);
  const disk = needs.has("small-disk") ? await SmallDisk.mount(path, SMALL_DISK_MIB) : undefined;
  if (!needs.has("relay")) return { shims, disk, links: undefined };
  print("links are made slow by a relay in user space, not by the kernel (tc netem)");
  return { shims, disk, links: await SlowLinks.between(layout, CLUSTER_PORT) };
}

function startCluster(
  { product, layout, directory, main }: ScenarioOptions,
  shims: readonly FaultShim[],
): Promise<ChaosCluster> {
  if (product === "leveret") {
    const wrappers = shims.map((shim) => shim.wrapper);
    return LeveretNodes.start({ directory, layout, main, wrappers });
  }
  const script = findRabbitmq();
  if (script === undefined) throw new Error("RabbitMQ is not installed");
  return RabbitmqNodes.start(script, { directory, layout });
}

function makeWorkloads(
  { workloads, seed, rate, python, isCredulous }: ScenarioOptions,
  cluster: ChaosCluster,
  history: RunHistory,
): Workload[] {
  const context = { parts: { cluster, history }, seed, rate, python, isCredulous };
  return workloads.flatMap((name) => WORKLOADS[name]?.(context) ?? []);
}

function makeLoad(cluster: ChaosCluster, workloads: readonly Workload[]): Load {
  return {
    hold: async () => {
      for (const workload of workloads) workload.hold();
      await settled(workloads);
      let obstacle: string | undefined;
      const isSynced = async (): Promise<boolean> => {
        obstacle = await cluster.unsynced().catch(String);
        return obstacle === undefined;
      };
      const wait = { maxMs: SYNCED_MAX_MS, explain: () => obstacle ?? "" };
      await until("complete replicas", isSynced, wait);
    },
    release: () => {
      for (const workload of workloads) workload.release();
    },
  };
}
