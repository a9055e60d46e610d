import { replicaIdOf } from "@leveret/raft";
import { CALM_NET, Random, SimNet, SimScheduler } from "@leveret/raft/sim";
import type { MetadataResult, Refusal } from "../../src/metadata/commands.ts";
import { MetadataNode, NODE_IDS } from "./metadata-node.ts";
import { SimLinks } from "./sim-links.ts";

/** Of one node, without an answer. */
const OPEN_MAX = 40;
const READ_MEAN_MS = 200;

type Harm = "crash" | "cut" | "reset" | "transfer" | "snapshot";

export interface FaultPlan {
  /** Each as likely as the others. */
  readonly harms: readonly Harm[];
  /** Faults last long enough for changes to be refused for want of a leader. */
  readonly isLong: boolean;
  /** How long there are faults. */
  readonly ms: number;
  /** Between two faults, and between two times that all cuts are healed, milliseconds. */
  readonly meanMs: number;
  readonly healingMeanMs: number;
  /** Between two changes at a node. */
  readonly submitMeanMs: number;
}

/** What is known of a submission. "open": no answer yet, or the node crashed before it. */
type Outcome = "open" | "ok" | "refused" | "unknown";

/** Users are named after their submission: node.incarnation.number. */
interface Submitted {
  readonly name: string;
  outcome: Outcome;
}

/**
 * Nodes that change metadata all at once, while they crash, lose their connections and change their leader. Each change adds a user of
 * its own. Checked all the time: a node's changes are applied in order and once, on every replica; what is answered is there; what is
 * read is the newest. In the end: what was answered is everywhere, what was refused for sure is nowhere.
 */
export class MetadataCluster {
  readonly scheduler: SimScheduler;
  readonly nodes: readonly MetadataNode[];
  readonly faults: string[] = [];
  readonly counts: Map<string, number> = new Map();
  readonly #plan: FaultPlan;
  readonly #random: Random;
  readonly #net: SimNet;
  readonly #links: SimLinks;
  readonly #submitted: Submitted[] = [];
  /** By life of a replica and node: the last of the node's changes that were applied there. */
  readonly #applied = new WeakMap<object, Map<number, readonly [number, number]>>();
  #isQuiet = false;

  constructor(seed: number, plan: FaultPlan) {
    const random = new Random(seed);
    this.#plan = plan;
    this.#random = random;
    this.scheduler = new SimScheduler(random.fork());
    const watcher = { onNetEvent: (): void => undefined };
    this.#net = new SimNet(this.scheduler, random.fork(), { faults: { ...CALM_NET }, watcher });
    this.#links = new SimLinks(this.scheduler, random.fork(), (from, to) =>
      this.#net.isBlocked(from, to),
    );
    const parts = { scheduler: this.scheduler, net: this.#net, links: this.#links };
    this.nodes = NODE_IDS.map(
      (nodeId) =>
        new MetadataNode(
          nodeId,
          { ...parts, random: random.fork() },
          {
            onStarted: (node) => this.#onStarted(node),
            onUserAdded: (node, name) => this.#onUserAdded(node, name),
            onReplaced: () => this.#count("replaced"),
          },
        ),
    );
  }

  /** Faults, then peace until all have settled. */
  run(): void {
    for (const node of this.nodes) node.boot();
    this.#scheduleFault();
    this.#scheduleHealing();
    this.#advance(this.#plan.ms);
    this.#isQuiet = true;
    this.#net.healAll();
    for (const node of this.nodes) node.boot();
    this.#advance(60_000);
    this.#checkEnd();
  }

  #advance(ms: number): void {
    const untilMs = this.scheduler.nowMs + ms;
    while (this.faults.length === 0 && this.scheduler.runNext(untilMs)) {
      // Until the time has come.
    }
    this.scheduler.advanceTo(untilMs);
  }

  #onStarted(node: MetadataNode): void {
    this.#count("started");
    const { life } = node;
    let number = 0;
    let open = 0;
    const next = (): void => {
      this.scheduler.after(this.#random.exponential(this.#plan.submitMeanMs), () => {
        if (node.life !== life || life === undefined || this.#isQuiet) return;
        if (open < OPEN_MAX) {
          open++;
          number++;
          const name = `${node.nodeId}.${life.incarnation}.${number}`;
          this.#submit(node, name, () => open--);
        }
        next();
      });
    };
    next();
    this.#scheduleRead(node);
  }

  #submit(node: MetadataNode, name: string, done: () => void): void {
    const submitted: Submitted = { name, outcome: "open" };
    this.#submitted.push(submitted);
    node.run(({ metadata }) => {
      metadata.submit(
        {
          type: "addUser",
          name,
          passwordHash: "",
          hashingAlgorithm: "rabbit_password_hashing_sha256",
          tags: [],
        },
        (result) => {
          if (submitted.outcome !== "open") this.#fault(`${name} was answered twice`);
          submitted.outcome = outcomeOf(result);
          this.#count(submitted.outcome);
          if (result.ok && metadata.machine.user(name) === undefined) {
            this.#fault(`${name} was answered before it was there`);
          }
          if (!result.ok) this.#checkRefusal(name, result);
          done();
        },
      );
    });
  }

  #checkRefusal(name: string, { reason, text }: Refusal): void {
    if (reason === "user_already_exists") this.#fault(`${name} was applied twice`);
    if (text.includes("no leader") && !this.#plan.isLong) this.#fault(`${name} was given up`);
  }

  #onUserAdded(node: MetadataNode, name: string): void {
    const { life } = node;
    if (life === undefined) return;
    const last = this.#applied.get(life) ?? new Map<number, readonly [number, number]>();
    this.#applied.set(life, last);
    const [origin = 0, incarnation = 0, number = 0] = name.split(".").map(Number);
    const before = last.get(origin) ?? [0, 0];
    const isLater = incarnation > before[0] || (incarnation === before[0] && number > before[1]);
    if (!isLater) this.#fault(`node ${node.nodeId} applied ${name} after ${before.join(".")}`);
    last.set(origin, [incarnation, number]);
  }

  /** What had been answered anywhere before the read must be seen. */
  #scheduleRead(node: MetadataNode): void {
    const { life } = node;
    this.scheduler.after(this.#random.exponential(READ_MEAN_MS), () => {
      if (node.life !== life || this.#isQuiet) return;
      const acknowledged = this.#submitted.filter(({ outcome }) => outcome === "ok").slice(-50);
      node.run(({ metadata }) => {
        metadata.readLatest((failure) => {
          this.#count(failure === undefined ? "read" : "read refused");
          const missing = acknowledged.filter(
            ({ name }) => metadata.machine.user(name) === undefined,
          );
          if (failure !== undefined || missing.length === 0) return;
          this.#fault(`node ${node.nodeId} read a state without ${missing[0]?.name}`);
        });
      });
      this.#scheduleRead(node);
    });
  }

  #scheduleFault(): void {
    this.scheduler.after(this.#random.exponential(this.#plan.meanMs), () => {
      if (this.#isQuiet) return;
      this.#doHarm();
      this.#scheduleFault();
    });
  }

  #scheduleHealing(): void {
    this.scheduler.after(this.#random.exponential(this.#plan.healingMeanMs), () => {
      if (this.#isQuiet) return;
      this.#net.healAll();
      this.#scheduleHealing();
    });
  }

  #doHarm(): void {
    const random = this.#random;
    const node = random.pick(this.nodes);
    const other = random.pick(NODE_IDS.filter((nodeId) => nodeId !== node.nodeId));
    const harm = random.pick(this.#plan.harms);
    this.#count(harm);
    if (harm === "crash") {
      node.crash();
      this.scheduler.after(random.logBetween(50, 6000), () => node.boot());
    } else if (harm === "cut") {
      this.#cut(node.nodeId);
    } else if (harm === "snapshot") {
      // Who is behind gets the state as a whole.
      for (const each of this.nodes) each.run(({ group }) => group.takeSnapshot(() => undefined));
    } else if (harm === "reset") {
      this.#links.reset(node.nodeId, other);
    } else {
      for (const each of this.nodes) {
        each.run(({ group }) => {
          if (group.isReady) group.transferLeader(replicaIdOf(other, 1));
        });
      }
    }
  }

  /** A node is cut off, or reaches nobody but is reached. */
  #cut(nodeId: number): void {
    const isOneWay = this.#random.chance(0.3);
    for (const other of NODE_IDS) {
      if (other === nodeId) continue;
      this.#net.setBlocked(nodeId, other, true);
      if (!isOneWay) this.#net.setBlocked(other, nodeId, true);
    }
    this.#links.noticeCuts(NODE_IDS);
  }

  #checkEnd(): void {
    const lives = this.nodes.flatMap(({ life }) => (life === undefined ? [] : [life]));
    if (lives.length < this.nodes.length) this.#fault("not all nodes have started");
    const digests = new Set(lives.map(({ group }) => group.machine.digest()));
    if (digests.size > 1) this.#fault("replicas with different states");
    const machine = lives[0]?.metadata.machine;
    const current = new Set(this.nodes.map((n) => `${n.nodeId}.${n.life?.incarnation}`));
    for (const { name, outcome } of this.#submitted) {
      const isThere = machine?.user(name) !== undefined;
      if (outcome === "ok" && !isThere) this.#fault(`${name} was answered and is gone`);
      if (outcome === "refused" && isThere) this.#fault(`${name} was refused and is there`);
      const isOfNow = current.has(name.slice(0, name.lastIndexOf(".")));
      if (outcome === "open" && isOfNow) this.#fault(`${name} has no answer`);
    }
    this.counts.set("lost on the way", this.#links.lostCount);
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  #fault(what: string): void {
    this.faults.push(`${Math.round(this.scheduler.nowMs)} ms: ${what}`);
  }
}

function outcomeOf(result: MetadataResult): Outcome {
  if (result.ok) return "ok";
  const isOpen = result.text.includes("not known") || result.text.includes("did not see");
  return isOpen ? "unknown" : "refused";
}
