/** The node's side of a command: a ControlClient, or a fake in tests. */
export interface Caller {
  /** Rejects with a ControlError: the node refused, or is gone. */
  call(method: string, params: unknown, options?: CallTime): Promise<unknown>;
  /** One row after the other, as they arrive. Throws as `call`. */
  stream(method: string, params: unknown, options?: CallTime): AsyncIterable<unknown>;
}

interface CallTime {
  /** Infinity: as long as it takes. */
  readonly timeoutMs?: number;
}

interface UnreachableDetails {
  readonly cookieHash?: string | undefined;
  readonly cause?: unknown;
}

/** Why a node did not answer. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  /** Lines of the diagnostics. */
  readonly diagnostics: readonly string[];
  /** Shown of the cookie that was used, so that it can be compared; undefined: there was none. */
  readonly cookieHash: string | undefined;

  constructor(diagnostics: readonly string[], { cookieHash, cause }: UnreachableDetails = {}) {
    super(diagnostics.join("; "), cause === undefined ? undefined : { cause });
    this.diagnostics = diagnostics;
    this.cookieHash = cookieHash;
  }
}
