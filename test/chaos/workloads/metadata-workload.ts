import { setTimeout as delay } from "node:timers/promises";
import {
  checkLinearizability,
  mapModel,
  type Operation,
  type Outcome,
  setModel,
} from "@leveret/raft/history";
import { connect } from "amqplib";
import { Random } from "../../../packages/raft/src/core/random.ts";
import type { ClientParts } from "../clients/publisher.ts";
import { LeveretNodes } from "../cluster/leveret-nodes.ts";
import { until } from "../until.ts";
import { EXCHANGE, HOLDER, MetadataClient } from "./metadata-client.ts";
import { findingsOf } from "./queue-workload.ts";
import type { Workload, WorkloadFigures, WorkloadVerdict } from "./workload.ts";

/** The fewer names, the more often clients get in each other's way. */
const NAMES = 4;
const PAUSE_MS = 150;
const AGREE_MAX_MS = 60_000;

/** By name. */
type Found = ReadonlyMap<string, boolean | number | null>;

/**
 * Clients of all nodes declare and delete the same queues, bind and unbind the same keys, set and clear the same policies: what
 * is there at the end, on all nodes, is what one after the other could have left.
 */
export class MetadataWorkload implements Workload {
  readonly name = "metadata";
  readonly queues: readonly string[] = [];
  readonly #parts: ClientParts;
  readonly #clients: readonly MetadataClient[];
  readonly #runs: Promise<void>[] = [];
  readonly #busy = new Set<MetadataClient>();
  readonly #random: Random;
  #isHeld = false;
  #isStopped = false;
  #changes = 0;
  #answered = 0;
  #markAt = Number.POSITIVE_INFINITY;
  readonly #served = new Set<MetadataClient>();

  constructor(parts: ClientParts, seed: number) {
    this.#parts = parts;
    this.#random = new Random(seed);
    this.#clients = parts.cluster.indices.map((home) => new MetadataClient(parts.cluster, home));
  }

  async declare(): Promise<void> {
    const connection = await connect(this.#parts.cluster.urlOf(0));
    const channel = await connection.createChannel();
    await channel.assertExchange(EXCHANGE, "direct", { durable: true });
    await channel.assertQueue(HOLDER, { durable: true, arguments: { "x-queue-type": "quorum" } });
    await connection.close();
  }

  async start(): Promise<void> {
    for (const client of this.#clients) this.#runs.push(this.#change(client));
  }

  mark(): void {
    this.#markAt = performance.now();
    this.#served.clear();
  }

  get unserved(): readonly string[] {
    const waiting = this.#clients.filter((client) => !this.#served.has(client));
    return waiting.map(({ home }) => `changes of metadata by ${this.#parts.cluster.nameOf(home)}`);
  }

  async goHome(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.goHome()));
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
  }

  get isSettled(): boolean {
    return this.#isHeld && this.#busy.size === 0;
  }

  get isIdle(): boolean {
    return true;
  }

  /** All nodes tell the same, and that is entered in the history. */
  async finish(): Promise<void> {
    const { cluster, history } = this.#parts;
    let told: readonly Found[] = [];
    let texts: readonly string[] = [];
    await until(
      "the same metadata on all nodes",
      async () => {
        told = await Promise.all(cluster.indices.map((node) => this.#look(node)));
        texts = told.map((found) => JSON.stringify([...found]));
        return texts.every((text) => text === texts[0]);
      },
      { maxMs: AGREE_MAX_MS, explain: () => texts.join("; ") },
    );
    for (const [node, found] of told.entries()) {
      for (const [key, value] of found) {
        history.add(key.startsWith("policy") ? "get" : "contains", key, node, value);
      }
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients.map((client) => client.stop()));
    await Promise.all(this.#runs);
  }

  check(operations: readonly Operation[]): WorkloadVerdict {
    const ofKind = (prefix: string): Operation[] =>
      operations.filter(({ key }) => key.startsWith(prefix));
    const sets = [...ofKind("queue "), ...ofKind("binding ")];
    const verdict = checkLinearizability(sets, setModel);
    const policies = ofKind("policy ");
    if (policies.length === 0) return { findings: findingsOf(verdict), counts: verdict.counts };
    const ofPolicies = checkLinearizability(policies, mapModel);
    const counts = { ...verdict.counts, "operations on policies": policies.length };
    return { findings: [...findingsOf(verdict), ...findingsOf(ofPolicies)], counts };
  }

  get figures(): WorkloadFigures {
    const changes = { published: this.#changes, confirmed: this.#answered };
    return { ...changes, resent: 0, delivered: 0, longestGapMs: 0 };
  }

  async #change(client: MetadataClient): Promise<void> {
    while (!this.#isStopped) {
      if (!this.#isHeld) {
        this.#busy.add(client);
        await this.#changeOnce(client);
        this.#busy.delete(client);
      }
      await delay(PAUSE_MS);
    }
  }

  async #changeOnce(client: MetadataClient): Promise<void> {
    const name = String(this.#random.below(NAMES));
    const isAdding = this.#random.below(2) === 0;
    const kinds = this.#parts.cluster instanceof LeveretNodes ? 3 : 2;
    const which = this.#random.below(kinds);
    const value = this.#random.below(1000) + 1;
    if (which === 2) {
      const key = `policy ${name}`;
      if (isAdding)
        await this.#record(client, ["put", key, value], () => this.#setPolicy(client, name, value));
      else await this.#record(client, ["delete", key, null], () => this.#clearPolicy(client, name));
      return;
    }
    const kind = isAdding ? "add" : "remove";
    if (which === 0) {
      const action = (): Promise<void> => (isAdding ? client.declare(name) : client.delete(name));
      await this.#record(client, [kind, `queue ${name}`, null], action);
    } else {
      const action = (): Promise<void> => (isAdding ? client.bind(name) : client.unbind(name));
      await this.#record(client, [kind, `binding ${name}`, null], action);
    }
  }

  async #record(
    client: MetadataClient,
    [kind, key, input]: readonly [string, string, number | null],
    action: () => Promise<void>,
  ): Promise<void> {
    if (!(await client.isReady())) return;
    const { history } = this.#parts;
    const askedAt = performance.now();
    const id = history.invoke({ process: history.nextProcess(), kind, key, input, at: askedAt });
    this.#changes++;
    let outcome: Outcome = "ok";
    try {
      await action();
      this.#answered++;
      if (askedAt > this.#markAt) this.#served.add(client);
    } catch {
      // Not answered, not any more, or refused after a while: it may be done or not.
      outcome = "unknown";
      await client.reconnect();
    }
    history.complete(id, outcome);
  }

  async #setPolicy({ home }: MetadataClient, name: string, value: number): Promise<void> {
    const { cluster } = this.#parts;
    if (!(cluster instanceof LeveretNodes)) return;
    const definition = { "max-length": value };
    await cluster.setPolicy(home, `chaos-${name}`, "^no-such-queue$", definition);
  }

  async #clearPolicy({ home }: MetadataClient, name: string): Promise<void> {
    const { cluster } = this.#parts;
    if (!(cluster instanceof LeveretNodes)) return;
    try {
      await cluster.call(home, "clear_policy", { vhost: "/", name: `chaos-${name}` });
    } catch (error) {
      // There is none to clear, which is as good.
      if (!(error instanceof Error) || !/not found|does not exist|no such/i.test(error.message)) {
        throw error;
      }
    }
  }

  /** What a node has of all names. */
  async #look(node: number): Promise<Found> {
    const { cluster } = this.#parts;
    const found = new Map<string, boolean | number | null>();
    const connection = await connect(cluster.urlOf(node));
    connection.on("error", () => undefined);
    try {
      for (let number = 0; number < NAMES; number++) {
        const name = String(number);
        found.set(`queue ${name}`, await MetadataClient.isDeclared(connection, name));
        found.set(`binding ${name}`, await MetadataClient.isBound(connection, name));
      }
    } finally {
      await connection.close();
    }
    if (cluster instanceof LeveretNodes) {
      const rows = await cluster.rows(node, "list_policies", ["name", "definition"]);
      for (let number = 0; number < NAMES; number++) {
        const row = rows.find(([name]) => name === `chaos-${number}`);
        found.set(`policy ${number}`, row === undefined ? null : maxLengthOf(row[1]));
      }
    }
    return found;
  }
}

function maxLengthOf(definition: unknown): number | null {
  const value: unknown = typeof definition === "string" ? JSON.parse(definition) : definition;
  if (typeof value !== "object" || value === null || !("max-length" in value)) return null;
  const { "max-length": maxLength } = value;
  return typeof maxLength === "number" ? maxLength : null;
}
