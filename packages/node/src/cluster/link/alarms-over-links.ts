import type { AlarmSource, Alarms } from "../../alarm/alarms.ts";
import { LinkProtocolError } from "./link-frames.ts";
import { LinkKind } from "./link-kinds.ts";
import type { LinkPeer } from "./link-peer.ts";
import type { NodeLinks } from "./node-links.ts";

/** Bits of a frame. */
const SOURCES: readonly (readonly [AlarmSource, number])[] = [
  ["memory", 1],
  ["disk", 2],
];

/**
 * A node that runs low tells the others, so that publishers wait on all of them (RabbitMQ). What a node has raised lasts until it says
 * otherwise or is gone. Frame: sources u8 | name of the sender.
 */
export class AlarmsOverLinks {
  readonly #links: NodeLinks;
  readonly #alarms: Alarms;
  readonly #nodeName: string;
  /** On which link each other node has told its alarms. */
  readonly #told = new Map<string, LinkPeer>();
  readonly #stopListening: readonly (() => void)[];

  constructor(links: NodeLinks, alarms: Alarms, nodeName: string) {
    this.#links = links;
    this.#alarms = alarms;
    this.#nodeName = nodeName;
    links.onFrame(LinkKind.alarms, (peer, payload) => this.#onAlarms(peer, payload));
    this.#stopListening = [
      links.onUp((peer) => this.#tell(peer)),
      alarms.onNodeAlarm(({ node }) => {
        if (node === nodeName) this.#tellAll();
      }),
    ];
  }

  /** The node stops: nothing is told any more, and what others have raised does not matter. */
  close(): void {
    for (const stop of this.#stopListening) stop();
    for (const node of this.#told.keys()) this.#alarms.clearNode(node);
    this.#told.clear();
  }

  #tellAll(): void {
    for (const peer of this.#links.peers()) this.#tell(peer);
  }

  #tell(peer: LinkPeer): void {
    const own = this.#alarms.active.filter(({ node }) => node === this.#nodeName);
    const bits = SOURCES.filter(([source]) => own.some((alarm) => alarm.source === source))
      .map(([, bit]) => bit)
      .reduce((sum, bit) => sum | bit, 0);
    peer.send(LinkKind.alarms, Buffer.from([bits, ...Buffer.from(this.#nodeName)]));
  }

  #onAlarms(peer: LinkPeer, payload: Buffer): void {
    if (payload.length < 2) throw new LinkProtocolError("alarms of nobody");
    const bits = payload.readUInt8(0);
    const node = payload.toString("utf8", 1);
    if (node === this.#nodeName) throw new LinkProtocolError("alarms of this node");
    if (this.#told.get(node) !== peer) {
      this.#told.set(node, peer);
      peer.onClose(() => this.#lost(node, peer));
    }
    for (const [source, bit] of SOURCES) {
      if ((bits & bit) !== 0) this.#alarms.raise(source, node);
      else this.#alarms.clear(source, node);
    }
  }

  #lost(node: string, peer: LinkPeer): void {
    if (this.#told.get(node) !== peer) return;
    this.#told.delete(node);
    this.#alarms.clearNode(node);
  }
}
