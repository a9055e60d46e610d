import { type Handshake, Refusal } from "../codec/handshake.ts";
import type { NodeId } from "../core/ids.ts";
import type { Connection, ConnectionHandler } from "../env/net.ts";
import type { Link } from "./link.ts";
import type { LinkContext } from "./link-context.ts";
import { PeerConnection, type PeerConnectionOwner } from "./peer-connection.ts";
import { isPassing, refusalText } from "./refusal-text.ts";

/** Incoming connections until they have said who they are and a link takes them. */
export class Acceptor implements PeerConnectionOwner {
  /** Connections refused, for any reason. */
  refused = 0;
  readonly #context: LinkContext;
  readonly #linkOf: (peer: NodeId) => Link;
  readonly #pending = new Set<PeerConnection>();

  constructor(context: LinkContext, linkOf: (peer: NodeId) => Link) {
    this.#context = context;
    this.#linkOf = linkOf;
  }

  /** Connections in the middle of their handshake. */
  get pending(): number {
    return this.#pending.size;
  }

  accept(connection: Connection): ConnectionHandler {
    const accepted = new PeerConnection(this.#context, this, undefined);
    accepted.attach(connection);
    if (this.#context.isClosed || this.#pending.size >= this.#context.limits.pendingHandshakesMax) {
      this.refused++;
      accepted.discard("too many connections");
    } else {
      this.#pending.add(accepted);
    }
    return accepted;
  }

  close(): void {
    for (const connection of this.#pending) connection.discard("this node stops");
    this.#pending.clear();
  }

  onHello(connection: PeerConnection, hello: Handshake): Refusal {
    const problem = this.#context.checkHandshake(hello, undefined);
    const refusal =
      problem === Refusal.None ? this.#linkOf(hello.node).onHello(connection, hello) : problem;
    if (refusal === Refusal.None) {
      this.#pending.delete(connection);
      return refusal;
    }
    this.refused++;
    if (!isPassing(refusal)) this.#tell(hello, refusal);
    return refusal;
  }

  onEstablished(): boolean {
    return false;
  }

  onRefused(): void {
    // Only connections made from here are refused by their peer.
  }

  onFrame(): boolean {
    return false;
  }

  onDrain(): void {
    // Nothing but handshakes is sent before a link takes the connection.
  }

  onProtocolError(_connection: PeerConnection, reason: string): void {
    this.refused++;
    this.#context.listener.onRefused?.(undefined, `an incoming connection is closed: ${reason}`);
  }

  onClosed(connection: PeerConnection): void {
    this.#pending.delete(connection);
  }

  #tell(hello: Handshake, refusal: Refusal): void {
    const peer = refusal === Refusal.Cluster ? undefined : hello.node;
    this.#context.listener.onRefused?.(
      peer,
      `node ${hello.node} of cluster "${hello.clusterId}" is refused: ${refusalText(refusal)}`,
    );
  }
}
