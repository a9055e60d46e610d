import { MessageType, type RaftMessage } from "../../src/core/message.ts";
import { FakeHost, type HostOptions } from "./fake-host.ts";
import { confOf, message, r } from "./make.ts";

const ROUNDS_MAX = 1_000;

/** Several hosts and the messages between them, delivered in order and at once. */
export class FakeGroup {
  readonly hosts = new Map<number, FakeHost>();
  /** Messages for which this is true are lost. */
  isLost: (message: RaftMessage) => boolean = () => false;
  /** Every message that was delivered. */
  readonly delivered: RaftMessage[] = [];

  constructor(count: number, optionsOf: (node: number) => HostOptions = () => ({})) {
    const nodes = Array.from({ length: count }, (_, at) => at + 1);
    for (const node of nodes) {
      this.hosts.set(
        r(node),
        new FakeHost({ conf: confOf(nodes), ...optionsOf(node), self: node }),
      );
    }
  }

  host(node: number): FakeHost {
    const host = this.hosts.get(r(node));
    if (host === undefined) throw new Error(`no node ${node}`);
    return host;
  }

  /** Cuts a node off. */
  isolate(...nodes: readonly number[]): void {
    const cut = new Set(nodes.map(r));
    this.isLost = ({ from, to }) => cut.has(from) || cut.has(to);
  }

  heal(): void {
    this.isLost = () => false;
  }

  /** Until no message is under way. */
  settle(): void {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const sent = [...this.hosts.values()].flatMap((host) => host.settle());
      if (sent.length === 0) return;
      for (const message of sent) this.#deliver(message);
    }
    throw new Error("the group does not come to rest");
  }

  #deliver(message: RaftMessage): void {
    if (this.isLost(message)) return;
    this.delivered.push(message);
    this.hosts.get(message.to)?.core.step(message);
  }

  /** Ticks of all nodes, each followed by all that it causes. */
  tick(count: number): void {
    for (let done = 0; done < count; done++) {
      for (const host of this.hosts.values()) host.core.tick();
      this.settle();
    }
  }

  /** Node `node` asks to be elected, and is if the others agree. */
  elect(node: number): FakeHost {
    const host = this.host(node);
    for (const other of this.hosts.values()) other.core.forgetLeader();
    host.core.campaign();
    this.settle();
    return host;
  }

  propose(node: number, text: string): void {
    const result = this.host(node).core.propose(Buffer.from(text));
    if (!result.ok) throw new Error(result.why);
  }

  /** Nodes that believe to lead. */
  leaders(): number[] {
    return [...this.hosts].filter(([, { core }]) => core.role === "leader").map(([id]) => id >> 16);
  }
}

/** Makes node 1 the leader of three (or as `options` say) by the answers of node 2, settled. */
export function leaderOf(options: HostOptions = {}): FakeHost {
  const host = new FakeHost(options);
  host.core.campaign();
  host.settle();
  const term = host.core.currentTerm;
  if (host.core.role === "leader") return host;
  host.receive(message({ type: MessageType.PreVoteReply, term: term + 1 }));
  host.receive(message({ type: MessageType.RequestVoteReply, term: term + 1 }));
  return host;
}

/** As {@link leaderOf}, and node 2 and 3 have acknowledged everything. */
export function readyLeaderOf(options: HostOptions = {}): FakeHost {
  const host = leaderOf(options);
  acknowledge(host, 2, 3);
  return host;
}

/** The nodes acknowledge the leader's whole log. */
export function acknowledge(host: FakeHost, ...nodes: readonly number[]): RaftMessage[] {
  const { lastIndex: index, currentTerm: term } = host.core;
  const type = MessageType.AppendEntriesReply;
  return nodes.flatMap((node) =>
    host.receive(message({ type, term, from: r(node), index, hint: index, commit: index })),
  );
}
