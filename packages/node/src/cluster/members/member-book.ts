import type { Logger } from "../../logger.ts";
import type { ClusterRecord, MemberAddress } from "./cluster-record.ts";

/** What the book needs to know of a member. */
export interface KnownMember extends MemberAddress {
  readonly state: "joining" | "running" | "stopped";
}

export interface MemberBookDependencies {
  readonly log: Logger;
  /** Stores the record, durably. */
  save(record: ClusterRecord): Promise<void>;
}

/**
 * Who the members are, where, and which of them are up, as this node knows it: from the file until the metadata are there, then
 * from them. What changes is written, one write at a time.
 */
export class MemberBook {
  readonly #dependencies: MemberBookDependencies;
  #record: ClusterRecord;
  /** As the metadata say it. undefined: they are not there yet. */
  #known: readonly KnownMember[] | undefined;
  /** Where a member said that it is now, before the metadata know: it has to be reached for them to learn it. */
  readonly #heard = new Map<number, string>();
  readonly #reachable = new Set<number>();
  /** Other nodes of which the log says that they are up, and their names then. */
  readonly #told = new Map<number, string>();
  #isFrozen = false;
  #saved: string;
  #saving: Promise<void> | undefined;

  constructor(record: ClusterRecord, dependencies: MemberBookDependencies) {
    this.#record = record;
    this.#saved = "";
    this.#dependencies = dependencies;
  }

  /** What is known now, and will be in the file. */
  get record(): ClusterRecord {
    return this.#record;
  }

  get nodeId(): number {
    return this.#record.nodeId;
  }

  /** All members but this node. */
  get others(): readonly MemberAddress[] {
    return this.#record.members.filter(({ nodeId }) => nodeId !== this.nodeId);
  }

  member(nodeId: number): MemberAddress | undefined {
    return this.#record.members.find((member) => member.nodeId === nodeId);
  }

  named(name: string): MemberAddress | undefined {
    return this.#record.members.find((member) => member.name === name);
  }

  nameOf(nodeId: number): string {
    return this.member(nodeId)?.name ?? `node ${nodeId}`;
  }

  addressOf(nodeId: number): string | undefined {
    return this.#heard.get(nodeId) ?? this.member(nodeId)?.address;
  }

  /** A member has told where it is. False: that is known. */
  heard(nodeId: number, address: string): boolean {
    if (nodeId === this.nodeId || this.addressOf(nodeId) === address) return false;
    this.#heard.set(nodeId, address);
    return true;
  }

  /** The members as the metadata have them. */
  update(known: readonly KnownMember[]): void {
    this.#known = known;
    for (const { nodeId, address } of known) {
      if (this.#heard.get(nodeId) === address) this.#heard.delete(nodeId);
    }
    this.#refresh();
  }

  /** The node stops: that it sees nobody any more says nothing. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** Whether the member answers. */
  setReachable(nodeId: number, isReachable: boolean): void {
    if (isReachable) this.#reachable.add(nodeId);
    else this.#reachable.delete(nodeId);
    this.#refresh();
  }

  isReachable(nodeId: number): boolean {
    return nodeId === this.nodeId || this.#reachable.has(nodeId);
  }

  /** Resolves when what is known now is written, or could not be. */
  async settled(): Promise<void> {
    this.#save();
    await this.#saving;
  }

  #refresh(): void {
    const known = this.#known;
    // Until then the file says who was up when this node was up last.
    if (known === undefined || this.#isFrozen) return;
    // This node knows best where it is itself.
    const own = this.#record.members.filter(({ nodeId }) => nodeId === this.nodeId);
    const others = known
      .filter(({ nodeId }) => nodeId !== this.nodeId)
      .map(({ nodeId, name, address }) => ({ nodeId, name, address }));
    const running = known
      .filter(({ nodeId, state }) => state === "running" && this.isReachable(nodeId))
      .map(({ nodeId }) => nodeId);
    if (!running.includes(this.nodeId)) running.push(this.nodeId);
    running.sort((a, b) => a - b);
    this.#record = { ...this.#record, members: sorted([...own, ...others]), running };
    this.#tell(running);
    this.#save();
  }

  /** RabbitMQ's words. */
  #tell(running: readonly number[]): void {
    const { log } = this.#dependencies;
    for (const nodeId of running) {
      if (this.#told.has(nodeId) || nodeId === this.nodeId) continue;
      this.#told.set(nodeId, this.nameOf(nodeId));
      log.info({ nodeId }, `rabbit on node ${this.nameOf(nodeId)} up`);
    }
    for (const [nodeId, name] of [...this.#told]) {
      if (running.includes(nodeId)) continue;
      this.#told.delete(nodeId);
      log.info({ nodeId }, `rabbit on node ${name} down`);
    }
  }

  #save(): void {
    this.#saving ??= this.#write().finally(() => {
      this.#saving = undefined;
    });
  }

  async #write(): Promise<void> {
    for (;;) {
      const content = JSON.stringify(this.#record);
      if (content === this.#saved) return;
      try {
        await this.#dependencies.save(this.#record);
        this.#saved = content;
      } catch (error) {
        // It is written again at the next change; the metadata have it all.
        this.#dependencies.log.warn({ err: error }, "the list of cluster members was not written");
        return;
      }
    }
  }
}

function sorted(members: readonly MemberAddress[]): MemberAddress[] {
  return members.toSorted((a, b) => a.nodeId - b.nodeId);
}
