import { Lane } from "../codec/frame.ts";
import { LaneOutput } from "./lane-output.ts";
import type { LinkContext } from "./link-context.ts";
import type { LaneStatistics } from "./link-statistics.ts";
import type { PeerConnection } from "./peer-connection.ts";
import { Redial } from "./redial.ts";
import { StallWatch } from "./stall-watch.ts";

/** One lane of a link: its output and its connections, of which at most one of each kind exists. */
export class LaneLink {
  readonly lane: Lane;
  readonly output: LaneOutput;
  readonly redial: Redial;
  readonly stall: StallWatch;
  readonly statistics: LaneStatistics;
  /** The established connection. */
  open: PeerConnection | undefined;
  /** On its way from this side. */
  dialled: PeerConnection | undefined;
  /** Accepted, but the connector has not sent its first frame. */
  accepted: PeerConnection | undefined;
  #openedMs = 0;
  readonly #context: LinkContext;

  constructor(
    context: LinkContext,
    options: { readonly lane: Lane; readonly statistics: LaneStatistics },
    dial: () => void,
  ) {
    this.#context = context;
    this.lane = options.lane;
    this.statistics = options.statistics;
    this.output = new LaneOutput(
      {
        lane: options.lane,
        incarnation: context.identity.incarnation,
        maxBytes: laneBytes(context, options.lane),
        partMaxBytes: context.partSizeMax,
        frameMaxBytes: context.limits.frameMaxBytes,
      },
      options.statistics,
    );
    this.redial = new Redial(context.limits, context, dial);
    this.stall = new StallWatch(context.limits.downMs);
  }

  /** Makes `connection` the lane's; the one before is closed. */
  attach(connection: PeerConnection): void {
    this.redial.cancel();
    if (this.dialled !== connection) this.dialled?.discard("another connection was established");
    if (this.accepted !== connection) this.accepted?.discard("another connection was established");
    this.open?.discard("replaced by a newer connection");
    this.dialled = undefined;
    this.accepted = undefined;
    this.open = connection;
    this.statistics.connections++;
    this.#openedMs = this.#context.clock.monotonicMs();
    this.stall.restart(this.#openedMs);
    this.applyPause();
    this.output.attach(connection, connection.isDialled);
  }

  /** Waits for the connector's first frame; the candidate before has lost. */
  accept(connection: PeerConnection): void {
    this.accepted?.discard("the peer connected once more");
    this.accepted = connection;
  }

  /** Reads on or not, as decided for all append lanes. */
  applyPause(): void {
    if (this.lane !== Lane.Append) return;
    if (this.#context.isAppendPaused) this.open?.pause();
    else this.open?.resume();
  }

  /** Forgets a connection that closed. */
  forget(connection: PeerConnection): "open" | "dialled" | "accepted" | "none" {
    if (connection === this.open) {
      this.open = undefined;
      return "open";
    }
    if (connection === this.dialled) {
      this.dialled = undefined;
      return "dialled";
    }
    if (connection !== this.accepted) return "none";
    this.accepted = undefined;
    return "accepted";
  }

  /** Plans to connect again: after `delayMs` if the connection lasted, later if it was lost soon (and so may be the next). */
  redialAfterLoss(delayMs: number): void {
    const ageMs = this.#context.clock.monotonicMs() - this.#openedMs;
    if (ageMs < this.#context.limits.suspectMs) {
      this.redial.failed();
      return;
    }
    this.redial.reset();
    this.redial.soon(delayMs);
  }

  /** Closes the established connection; what waited is lost. */
  drop(reason: string): void {
    this.open?.discard(reason);
    this.open = undefined;
    this.output.detach();
  }

  /** Closes everything and plans nothing. */
  close(reason: string): void {
    this.redial.cancel();
    this.dialled?.discard(reason);
    this.accepted?.discard(reason);
    this.dialled = undefined;
    this.accepted = undefined;
    this.drop(reason);
  }
}

function laneBytes(context: LinkContext, lane: Lane): number {
  const { controlLaneBytes, appendLaneBytes, snapshotInflightBytes } = context.limits;
  switch (lane) {
    case Lane.Control:
      return controlLaneBytes;
    case Lane.Append:
      return appendLaneBytes;
    case Lane.Bulk:
      return snapshotInflightBytes;
    default:
      return lane satisfies never;
  }
}
