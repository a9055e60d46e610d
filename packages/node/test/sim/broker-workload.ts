import type { GroupId, StateMachine } from "@leveret/raft";
import {
  ensure,
  type SettledGroup,
  type Workload,
  type WorkProposal,
  type WorkTarget,
} from "@leveret/raft/sim";
import { METADATA_WORK } from "./metadata-work.ts";
import { AppliedCommands, NumberedMachine, numbered, numberOf } from "./numbered-machine.ts";
import { QueueWork } from "./queue-work.ts";
import type { Work } from "./work.ts";

/** Of the groups of a simulation, one in this many holds metadata, the others queues. */
const GROUPS_PER_METADATA = 4;

/** The groups of a broker: metadata and durable queues. */
class BrokerWorkload implements Workload {
  readonly #seed: number;
  readonly #applied = new Map<GroupId, AppliedCommands>();
  readonly #queues: QueueWork = new QueueWork((groupId) => this.#appliedOf(groupId));
  #nextId = 1;

  constructor(seed: number) {
    this.#seed = seed;
  }

  createMachine(groupId: GroupId): StateMachine {
    return new NumberedMachine(this.#workOf(groupId).createMachine(), this.#appliedOf(groupId));
  }

  draw(target: WorkTarget): WorkProposal {
    const { command, options, done } = this.#workOf(target.group.groupId).draw(target);
    const id = this.#nextId++;
    const proposal = { id, data: numbered(id, command), options };
    return done === undefined ? proposal : { ...proposal, done };
  }

  commandIdOf(data: Uint8Array): number {
    return numberOf(data);
  }

  onSettled(groups: readonly SettledGroup[], nowMs: number): void {
    for (const group of groups) {
      this.#checkReplay(group);
      this.#workOf(group.groupId).onSettled?.(group.groupId, group.replicas, nowMs);
    }
  }

  verdict(): string | undefined {
    return this.#queues.verdict();
  }

  /** Snapshots and the entries after them have led to the same state as all entries would have. */
  #checkReplay({ groupId, replicas, commandIdAt }: SettledGroup): void {
    for (const { group } of replicas) {
      const machine = this.#workOf(groupId).createMachine();
      const { lastIndex } = group.machine as NumberedMachine<StateMachine>; // See createMachine.
      this.#appliedOf(groupId).replay(machine, { last: lastIndex, commandIdAt });
      ensure(
        machine.digest() === group.machine.digest(),
        "state-machine-safety",
        () => `group ${groupId}: a replay of all entries leads to another state than snapshots do`,
      );
    }
  }

  #workOf(groupId: GroupId): Work {
    return (groupId + this.#seed) % GROUPS_PER_METADATA === 0 ? METADATA_WORK : this.#queues;
  }

  #appliedOf(groupId: GroupId): AppliedCommands {
    let applied = this.#applied.get(groupId);
    if (applied === undefined) {
      applied = new AppliedCommands();
      this.#applied.set(groupId, applied);
    }
    return applied;
  }
}

export function createWorkload(seed: number): Workload {
  return new BrokerWorkload(seed);
}
