import { createHash } from "node:crypto";
import { WireSocket } from "../wire/socket.ts";
import type { Channel } from "./channel.ts";
import { type Login, Peer } from "./peer.ts";
import { Transcript } from "./transcript.ts";

/** Where the broker under test listens. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** Of several nodes: the connections of a case go to them in turns. */
  readonly ports?: readonly number[];
}

/** One conformance case: a script whose transcript RabbitMQ and we must share. */
export interface Case {
  /** A sentence that says what is shown; unique. */
  readonly name: string;
  /** Section of the protocol reference. */
  readonly section: string;
  readonly script: (session: Session) => Promise<void>;
}

/** Cases that are recorded in one file. */
export interface Group {
  readonly name: string;
  readonly cases: readonly Case[];
}

/** Makes a case. */
export function scenario(section: string, name: string, script: Case["script"]): Case {
  return { section, name, script };
}

/** What a running case may do: connect, and name things. */
export class Session {
  readonly transcript: Transcript;
  readonly #target: Target;
  readonly #prefix: string;
  readonly #peers: Peer[] = [];
  readonly #names = new Set<string>();
  readonly #vhosts = new Set<string>();

  constructor(target: Target, caseName: string) {
    this.#target = target;
    this.#prefix = `k${createHash("sha1").update(caseName).digest("hex").slice(0, 8)}-`;
    this.transcript = new Transcript(this.#prefix);
  }

  /** A queue or exchange name that belongs to this case; whatever has it is deleted at the end. */
  name(short: string): string {
    const name = `${this.#prefix}${short}`;
    this.#names.add(name);
    return name;
  }

  /** A TCP connection on which the script says everything itself. */
  async dial(): Promise<Peer> {
    const { host, port, ports = [port] } = this.#target;
    const nth = this.#peers.length % ports.length;
    const socket = await WireSocket.open(host, ports[nth] ?? port);
    const label = String.fromCharCode(65 + this.#peers.length);
    const peer = new Peer({
      label,
      transcript: this.transcript,
      socket,
      onQueue: (name) => this.#names.add(name),
    });
    this.#peers.push(peer);
    return peer;
  }

  /** A connection that has logged in. */
  async connect(login: Login = {}): Promise<Peer> {
    const peer = await this.dial();
    await peer.login(login);
    this.#vhosts.add(login.vhost ?? "/");
    return peer;
  }

  /** Closes what is open and deletes what the case declared. */
  async finish(): Promise<void> {
    for (const peer of this.#peers) await peer.finish();
    for (const vhost of this.#vhosts) await this.#clean(vhost);
  }

  /** Ends all connections at once, after a failure. */
  abandon(): void {
    for (const peer of this.#peers) peer.socket.destroy();
  }

  async #clean(vhost: string): Promise<void> {
    const silent = new Transcript(this.#prefix);
    const socket = await WireSocket.open(this.#target.host, this.#target.port);
    const peer = new Peer({
      label: "cleaner",
      transcript: silent,
      socket,
      onQueue: () => undefined,
    });
    await peer.login({ vhost });
    const channel = await peer.channel();
    for (const name of this.#names) {
      await channel.call("queue.delete", { queue: name });
      if (!channel.isOpen) await channel.reopen();
      if (name.startsWith(this.#prefix)) await channel.call("exchange.delete", { exchange: name });
    }
    await peer.finish();
  }
}

/** Runs one case against a broker and returns its transcript. */
export async function runCase(target: Target, item: Case): Promise<readonly string[]> {
  const session = new Session(target, item.name);
  try {
    await item.script(session);
    await session.finish();
  } catch (error) {
    session.abandon();
    const soFar = session.transcript.lines.join("\n");
    throw new Error(`case "${item.name}" did not run through; so far:\n${soFar}`, { cause: error });
  }
  return session.transcript.lines;
}

/** Makes a case that needs one connection with one channel; `name` is the session's. */
export function onChannel(
  section: string,
  name: string,
  script: (channel: Channel, name: (short: string) => string, session: Session) => Promise<void>,
): Case {
  return scenario(section, name, async (session) => {
    const channel = await (await session.connect()).channel();
    await script(channel, (short) => session.name(short), session);
  });
}
