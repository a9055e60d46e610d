import type { JsonObject, LiveFigures, Statistics, StatisticsScope } from "@leveret/management";
import type { RunningNode } from "../control/control-method.ts";
import type { ControlledNode } from "../control/controlled-node.ts";
import { askIfThere } from "../control/whole-cluster.ts";
import { addReadings } from "../statistics/figures-json.ts";
import type { Reading } from "../statistics/history.ts";
import type { MemoryBreakdown } from "../statistics/memory-breakdown.ts";
import { LiveLooks } from "./live-looks.ts";
import { runningBroker } from "./running-broker.ts";
import { type NodeSummary, overviewOf, ownSummary, vhostFigures } from "./statistics-summary.ts";

/** Figures of the cluster: those of this node, and what the others say of theirs. */
export class ClusterStatistics implements Statistics {
  readonly #node: ControlledNode;
  readonly #looks: LiveLooks;

  constructor(node: ControlledNode) {
    this.#node = node;
    this.#looks = new LiveLooks((scope) => this.overview({ ...scope, windows: {} }));
  }

  async overview(scope: StatisticsScope): Promise<JsonObject> {
    const { broker } = this.#running();
    const { vhosts, windows } = scope;
    const others = await this.#askOthers<NodeSummary>("statistics_summary", { vhosts, windows });
    const wanted = vhosts === undefined ? undefined : new Set(vhosts);
    const declared = { exchanges: 0, queues: 0 };
    for (const { record, exchanges, queues } of broker.administration.metadata.vhosts()) {
      if (wanted !== undefined && !wanted.has(record.name)) continue;
      declared.exchanges += exchanges.size;
      declared.queues += queues.size;
    }
    return overviewOf([ownSummary(broker, scope), ...others], declared, scope);
  }

  async vhosts({ vhosts, windows }: StatisticsScope): Promise<ReadonlyMap<string, JsonObject>> {
    const { broker } = this.#running();
    const others = await this.#askOthers<readonly (readonly [string, Reading])[]>(
      "statistics_vhosts",
      { windows },
    );
    const wanted = vhosts === undefined ? undefined : new Set(vhosts);
    const readings = new Map<string, Reading[]>();
    for (const [name, reading] of [
      ...broker.figures.statistics.vhosts(windows),
      ...others.flat(),
    ]) {
      if (wanted !== undefined && !wanted.has(name)) continue;
      const known = readings.get(name);
      if (known === undefined) readings.set(name, [reading]);
      else known.push(reading);
    }
    const figures = new Map<string, JsonObject>();
    for (const [name, parts] of readings) {
      const sum = addReadings(parts);
      if (sum !== undefined) figures.set(name, vhostFigures(sum, windows));
    }
    return figures;
  }

  async nodeMemory(name: string): Promise<JsonObject | undefined> {
    const { broker, node } = this.#running();
    if (name === node.nodeName) return memoryObject(broker.figures.memoryBreakdown());
    const other = node.others.find((each) => each.name === name);
    const answer = other && (await askIfThere(other, "statistics_memory", {}));
    // The other node's handler of the same method has made it.
    return answer === undefined ? undefined : memoryObject(answer as MemoryBreakdown);
  }

  async reset(name: string | undefined): Promise<boolean> {
    const { broker, node } = this.#running();
    const isHere = name === undefined || name === node.nodeName;
    if (isHere) broker.figures.statistics.reset();
    const others = node.others.filter((other) => name === undefined || other.name === name);
    for (const other of others) await askIfThere(other, "statistics_reset", {});
    return isHere || others.length > 0;
  }

  live(
    { vhosts }: Pick<StatisticsScope, "vhosts">,
    signal: AbortSignal,
  ): AsyncIterable<LiveFigures> {
    return this.#looks.follow({ vhosts }, signal);
  }

  /** @throws RefusedError "not_running" */
  #running(): RunningNode {
    return { node: this.#node, broker: runningBroker(this.#node) };
  }

  async #askOthers<Answer>(method: string, params: object): Promise<readonly Answer[]> {
    const answers = await Promise.all(
      this.#node.others.map((other) => askIfThere(other, method, params)),
    );
    // The other nodes' handlers of the same method have made them.
    return answers.filter((answer) => answer !== undefined) as Answer[];
  }
}

function memoryObject({ parts, total }: MemoryBreakdown): JsonObject {
  return { ...parts, strategy: "rss", total: { ...total } };
}
