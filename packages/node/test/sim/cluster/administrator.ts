import type { HistoryRecorder, Json } from "@leveret/raft/history";
import type { Random, SimScheduler } from "@leveret/raft/sim";
import type { MetadataCommand, MetadataResult, Refusal } from "../../../src/metadata/commands.ts";
import type { QueueRecord } from "../../../src/metadata/records.ts";
import { type BrokerLife, VHOST } from "./broker-life.ts";

interface AdministratorWorld {
  readonly scheduler: SimScheduler;
  readonly metadata: HistoryRecorder;
  pickServing(): BrokerLife | undefined;
  nextProcess(): number;
}

const USERS = ["u0", "u1"];
const QUEUE_NAMES = ["v0", "v1"];
const PAUSE_MEAN_MS = 300;

/** A change with how its history is told, see mapModel. */
interface Change {
  readonly command: MetadataCommand;
  readonly kind: "put" | "insert" | "delete";
  readonly key: string;
  readonly input: Json;
}

/** Changes users and queues at random nodes, and reads the newest state of them, one after the other. */
export class Administrator {
  readonly #world: AdministratorWorld;
  readonly #random: Random;
  #isStopped = false;
  #count = 0;

  constructor(world: AdministratorWorld, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  start(): void {
    this.#soon();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #soon(): void {
    this.#world.scheduler.after(this.#random.exponential(PAUSE_MEAN_MS), () => {
      if (!this.#isStopped) this.#act();
    });
  }

  #act(): void {
    const life = this.#world.pickServing();
    if (life === undefined) {
      this.#soon();
      return;
    }
    const process = this.#world.nextProcess();
    let isAnswered = false;
    const done = (): void => {
      isAnswered = true;
      this.#soon();
    };
    const watch = (): void => {
      if (isAnswered) return;
      if (life.process.isAlive) this.#world.scheduler.after(100, watch);
      else this.#soon();
    };
    life.process.run(() => {
      if (this.#random.chance(0.4)) this.#read(life, process, done);
      else this.#change(life, process, done);
    });
    watch();
  }

  #read(life: BrokerLife, process: number, done: () => void): void {
    const name = this.#random.pick([...USERS, ...QUEUE_NAMES]);
    const { metadata, scheduler } = this.#world;
    const at = scheduler.nowMs;
    const id = metadata.invoke({ process, kind: "get", key: name, input: null, at });
    life.replicated?.readLatest((failure) => {
      const output = stateOf(life, name);
      const outcome = failure === undefined ? "ok" : "fail";
      metadata.complete(id, { outcome, output: failure ? null : output, at: scheduler.nowMs });
      done();
    });
  }

  #change(life: BrokerLife, process: number, done: () => void): void {
    const change = this.#random.chance(0.5) ? this.#userChange() : this.#queueChange(life);
    const { command, kind, key, input } = change;
    const { metadata, scheduler } = this.#world;
    const id = metadata.invoke({ process, kind, key, input, at: scheduler.nowMs });
    life.metadata.submit(command, (result) => {
      metadata.complete(id, { ...outcomeOf(kind, result), at: scheduler.nowMs });
      done();
    });
  }

  #userChange(): Change {
    const name = this.#random.pick(USERS);
    const kind = this.#random.pick(["put", "insert", "delete"] as const);
    if (kind === "delete") {
      return { command: { type: "deleteUser", name }, kind, key: name, input: null };
    }
    const passwordHash = `${name}-${++this.#count}-${this.#random.below(1e9)}`;
    const type = kind === "put" ? "putUser" : "addUser";
    const hashingAlgorithm = "rabbit_password_hashing_sha256";
    const command = { type, name, passwordHash, hashingAlgorithm, tags: [] } as const;
    return { command, kind, key: name, input: passwordHash };
  }

  #queueChange(life: BrokerLife): Change {
    const name = this.#random.pick(QUEUE_NAMES);
    if (this.#random.chance(0.5)) {
      const command = { type: "deleteQueue", vhost: VHOST, name } as const;
      return { command, kind: "delete", key: name, input: null };
    }
    const record: QueueRecord = {
      vhost: VHOST,
      name,
      type: "classic",
      durable: true,
      autoDelete: false,
      exclusiveOwner: undefined,
      arguments: new Map(),
      home: life.nodeId,
    };
    const queue = { ...record, replicas: life.queues?.placesOf(record) };
    return { command: { type: "declareQueue", queue }, kind: "insert", key: name, input: true };
  }
}

function stateOf({ metadata: { machine } }: BrokerLife, name: string): Json {
  if (USERS.includes(name)) return machine.user(name)?.passwordHash ?? null;
  return machine.queue(VHOST, name) === undefined ? null : true;
}

function outcomeOf(
  kind: Change["kind"],
  result: MetadataResult,
): { readonly outcome: "ok" | "fail" | "unknown"; readonly output: Json } {
  if (result.ok) return { outcome: "ok", output: kind === "put" ? null : result.changed };
  const { reason } = result;
  const isFound = reason === "user_already_exists";
  const isMissing = reason === "no_such_user" || reason === "no_such_queue";
  if (isFound || isMissing) return { outcome: "ok", output: false };
  return { outcome: isLeftOpen(result) ? "unknown" : "fail", output: null };
}

function isLeftOpen({ text }: Refusal): boolean {
  return text.includes("not known") || text.includes("did not see");
}
