import type { Logger } from "../logger.ts";
import type { PeerPlace } from "./peer-calls.ts";
import type { PeerGreeting } from "./peer-protocol.ts";

/** What a new node needs to find its cluster. */
export interface FormationOptions {
  readonly nodeName: string;
  /** Whom it was told of, itself included or not. */
  findSeeds(): Promise<readonly PeerPlace[]>;
  /** cluster_formation.discovery_retry_limit: how often it looks before it goes on without those that do not answer. */
  readonly retryLimit: number;
  readonly retryIntervalMs: number;
  /** It has already tried to join a cluster, and may be its member without knowing it: it must not found another one. */
  readonly isJoining?: boolean;
}

export interface FormationDependencies {
  readonly log: Logger;
  /** undefined: it does not answer. */
  greet(place: PeerPlace): Promise<PeerGreeting | undefined>;
  /** From now on others are told that this node is about to found a cluster, or is not. */
  setFounding(isFounding: boolean): void;
  /** Resolves after the pause; rejects if the node is to stop. */
  pause(ms: number): Promise<void>;
}

/** "found": a cluster of its own; "join": that of a member which serves; "gone": there is one, and none of its nodes serves. */
export type FormationPlan =
  | { readonly kind: "found" }
  | { readonly kind: "join"; readonly place: PeerPlace; readonly name: string }
  | { readonly kind: "gone"; readonly names: readonly string[] };

/**
 * Decides what a new node does that was told of others. A cluster that there is, it joins. Otherwise the node with the lowest name founds
 * one, and the others wait for it. Whoever founds says so first and then asks everybody once more: of two that do so at the same
 * time each sees the other, and the one with the higher name steps back; the other goes on only when it has. So two clusters can
 * only come about between nodes that could not reach each other.
 */
export async function planFormation(
  options: FormationOptions,
  dependencies: FormationDependencies,
): Promise<FormationPlan> {
  const { retryLimit, retryIntervalMs, isJoining = false } = options;
  /** Looks at a cluster that there is. It has its own count: one that has just been founded takes a moment to serve. */
  let looksAtMembers = 0;
  for (let attempt = 1; ; attempt++) {
    const view = await look(options, dependencies);
    const member = view.answers.find(({ greeting }) => greeting.clusterId !== undefined);
    const serving = view.answers.find(({ greeting }) => isServing(greeting));
    if (serving !== undefined) {
      dependencies.setFounding(false);
      return { kind: "join", place: serving.place, name: serving.greeting.name };
    }
    looksAtMembers = member === undefined ? 0 : looksAtMembers + 1;
    const isLast = attempt >= retryLimit;
    if (member === undefined && !isJoining && mayFound(options, view, isLast)) {
      if (await claim(options, dependencies)) return { kind: "found" };
    } else if (looksAtMembers >= retryLimit || (isJoining && isLast)) {
      return { kind: "gone", names: view.answers.map(({ greeting }) => greeting.name) };
    }
    dependencies.log.info(
      { attempt, retryLimit, answering: view.answers.map(({ greeting }) => greeting.name) },
      `Waiting for a cluster to join, or for ${lowestName(options, view)} to form one`,
    );
    await dependencies.pause(retryIntervalMs);
  }
}

interface Answer {
  readonly place: PeerPlace;
  readonly greeting: PeerGreeting;
}

interface View {
  /** Of other nodes. */
  readonly answers: readonly Answer[];
  /** Names of seeds that do not answer, as far as they have one. */
  readonly silent: readonly string[];
  readonly hasNamelessSilent: boolean;
}

async function look(
  { nodeName, findSeeds }: FormationOptions,
  { greet }: FormationDependencies,
): Promise<View> {
  const seeds = (await findSeeds()).filter(({ name }) => name !== nodeName);
  const greetings = await Promise.all(seeds.map(greet));
  const answers: Answer[] = [];
  const silent: PeerPlace[] = [];
  seeds.forEach((place, at) => {
    const greeting = greetings[at];
    if (greeting === undefined) silent.push(place);
    // Addresses without names may be this node's own.
    else if (greeting.name !== nodeName) answers.push({ place, greeting });
  });
  return {
    answers,
    silent: silent.flatMap(({ name }) => (name === undefined ? [] : [name])),
    hasNamelessSilent: silent.some(({ name }) => name === undefined),
  };
}

function isServing({ clusterId, state }: PeerGreeting): boolean {
  return clusterId !== undefined && state === "running";
}

/** `isLast`: those that do not answer are not waited for any more. */
function mayFound({ nodeName }: FormationOptions, view: View, isLast: boolean): boolean {
  const names = view.answers.map(({ greeting }) => greeting.name);
  const rivals = isLast ? names : [...names, ...view.silent];
  if (rivals.some((name) => name < nodeName)) return false;
  return isLast || !view.hasNamelessSilent;
}

/** False: somebody else founds, or has; it is looked again. */
async function claim(
  options: FormationOptions,
  dependencies: FormationDependencies,
): Promise<boolean> {
  dependencies.setFounding(true);
  const { answers } = await look(options, dependencies);
  if (answers.some(({ greeting }) => greeting.clusterId !== undefined)) {
    dependencies.setFounding(false);
    return false;
  }
  const rivals = answers.filter(({ greeting }) => greeting.isFounding);
  if (rivals.some(({ greeting }) => greeting.name < options.nodeName)) {
    dependencies.setFounding(false);
    return false;
  }
  // One with a higher name steps back as soon as it sees this claim; or it has founded before it could.
  return rivals.length === 0;
}

function lowestName({ nodeName }: FormationOptions, { answers, silent }: View): string {
  const names = [nodeName, ...answers.map(({ greeting }) => greeting.name), ...silent];
  return names.toSorted()[0] ?? nodeName;
}
