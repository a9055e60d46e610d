import type { ClientFrame, ServerFrame } from "./control-frame-codec.ts";
import { ControlError } from "./errors.ts";

/** Gets what comes for a call. */
export interface CallAnswer {
  onFrame(frame: ServerFrame): void;
  /** It failed at this side; nothing follows. */
  onError(error: ControlError): void;
}

interface CallOwner {
  send(frame: ClientFrame): void;
  onEnd(): void;
}

/** Longest delay of a timer of Node.js. */
const TIMER_MS_MAX = 0x7fffffff;

/** A call whose answer has not come, or not all of it. */
export class PendingCall {
  readonly #id: number;
  readonly #answer: CallAnswer;
  readonly #owner: CallOwner;
  #timer: NodeJS.Timeout | undefined;
  #unfollow: (() => void) | undefined;
  #isOver = false;

  constructor(id: number, answer: CallAnswer, owner: CallOwner) {
    this.#id = id;
    this.#answer = answer;
    this.#owner = owner;
  }

  expireAfter(timeoutMs: number, text: string): void {
    this.#timer = setTimeout(
      () => this.#giveUp("timeout", `${text} within ${timeoutMs} ms`),
      Math.min(timeoutMs, TIMER_MS_MAX),
    );
  }

  follow(signal: AbortSignal): void {
    const onAbort = (): void => this.#giveUp("cancelled", "cancelled by the caller");
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener("abort", onAbort, { once: true });
    this.#unfollow = () => signal.removeEventListener("abort", onAbort);
  }

  receive(frame: ServerFrame): void {
    if (frame.kind !== "rows") this.#end();
    this.#answer.onFrame(frame);
  }

  /** A chunk of rows was consumed: another one may come. */
  more(): void {
    if (!this.#isOver) this.#owner.send({ kind: "more", id: this.#id, chunks: 1 });
  }

  /** Nobody waits for it any more. */
  cancel(): void {
    if (this.#isOver) return;
    this.#end();
    this.#owner.send({ kind: "cancel", id: this.#id });
  }

  fail(error: ControlError): void {
    if (this.#isOver) return;
    this.#end();
    this.#answer.onError(error);
  }

  #giveUp(code: "timeout" | "cancelled", text: string): void {
    this.cancel();
    this.#answer.onError(new ControlError(code, text));
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#unfollow?.();
    this.#owner.onEnd();
  }
}

/** Frames of a stream that came before they were asked for: a few, as the server waits for more room. */
export class FrameInbox implements CallAnswer {
  readonly #frames: ServerFrame[] = [];
  #error: ControlError | undefined;
  #waiting: (() => void) | undefined;

  onFrame(frame: ServerFrame): void {
    this.#frames.push(frame);
    this.#wake();
  }

  onError(error: ControlError): void {
    this.#error = error;
    this.#wake();
  }

  /** Rejects with the error, after the frames that came before it. */
  async next(): Promise<ServerFrame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }
}
