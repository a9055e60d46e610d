import type { Connection, ConnectionHandler, Timer, Timers } from "@leveret/raft";
import { Link, type LinkOwner } from "./link.ts";
import { LINK_BACKOFF_MAX_MS, LINK_BACKOFF_MIN_MS } from "./link-limits.ts";

/** Opens a connection of purpose `link` to a node; undefined: its address is not known (yet). */
export type LinkDial = (nodeId: number, handler: ConnectionHandler) => Connection | undefined;

/** Keeps a link to one node: dials, and dials again when it is lost. */
export class DialledLink {
  readonly nodeId: number;
  readonly #owner: LinkOwner;
  readonly #dial: LinkDial;
  readonly #timers: Timers;
  readonly #random: () => number;
  #link: Link | undefined;
  #timer: Timer | undefined;
  #backoffMs = LINK_BACKOFF_MIN_MS;
  #isClosed = false;

  constructor(
    nodeId: number,
    owner: LinkOwner,
    parts: { readonly dial: LinkDial; readonly timers: Timers; readonly random: () => number },
  ) {
    this.nodeId = nodeId;
    this.#owner = owner;
    this.#dial = parts.dial;
    this.#timers = parts.timers;
    this.#random = parts.random;
  }

  /** undefined: none is open. */
  get open(): Link | undefined {
    return this.#link?.isOpen === true ? this.#link : undefined;
  }

  /** Also one that is not open yet. */
  get link(): Link | undefined {
    return this.#link;
  }

  connect(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#isClosed || this.#link !== undefined) return;
    const link = new Link(this.nodeId, this.#owner);
    this.#link = link;
    const connection = this.#dial(this.nodeId, link.handler);
    if (connection === undefined) this.lost(link);
    else link.attach(connection);
  }

  /** The other node is known to be up: no reason to wait any longer. */
  hurry(): void {
    this.#backoffMs = LINK_BACKOFF_MIN_MS;
    if (this.#timer !== undefined) this.connect();
  }

  opened(): void {
    this.#backoffMs = LINK_BACKOFF_MIN_MS;
  }

  /** The link is gone; another one is dialled after a pause. */
  lost(link: Link): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    if (this.#isClosed) return;
    const pauseMs = this.#backoffMs * (0.5 + this.#random() / 2);
    this.#backoffMs = Math.min(this.#backoffMs * 2, LINK_BACKOFF_MAX_MS);
    this.#timer = this.#timers.setTimer(pauseMs, () => {
      this.#timer = undefined;
      this.connect();
    });
  }

  close(reason: string): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#link?.destroy(reason);
  }
}
