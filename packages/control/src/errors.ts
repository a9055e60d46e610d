/**
 * Why a connection to a cluster port did not come about.
 *
 * - `unreachable`: no connection (refused, no route, no such host); `cause` has the system's code.
 * - `closed`: the other side closed it during the handshake.
 * - `timeout`: it took too long.
 * - `busy`: the other side has too many handshakes at once.
 * - `unavailable`: the node is there, but does not serve this purpose now (its application is stopped).
 * - `cookie`: the two sides have different cookies.
 * - `version`: no version of the handshake is common to both.
 * - `wrong_node`: another node answers at that address.
 * - `not_leveret`: what answers there does not speak this protocol.
 * - `tls`: one side uses TLS and the other does not, or a certificate is not accepted.
 * - `cancelled`: by the caller.
 */
export type DialErrorCode =
  | "unreachable"
  | "closed"
  | "timeout"
  | "busy"
  | "unavailable"
  | "cookie"
  | "version"
  | "wrong_node"
  | "not_leveret"
  | "tls"
  | "cancelled";

const TRANSIENT: ReadonlySet<DialErrorCode> = new Set([
  "unreachable",
  "closed",
  "timeout",
  "busy",
  "unavailable",
]);

/** A connection to a cluster port did not come about. The message is for people and names both sides. */
export class DialError extends Error {
  override readonly name: string = "DialError";
  readonly code: DialErrorCode;

  constructor(code: DialErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** It may work later without anybody's doing. */
  get isTransient(): boolean {
    return TRANSIENT.has(this.code);
  }
}

/** The two sides have different cookies. The message has the hash of this side's. */
export class CookieMismatchError extends DialError {
  override readonly name = "CookieMismatchError";

  constructor(message: string) {
    super("cookie", message);
  }
}

/**
 * A cookie that cannot be used. `unsafe`: others than the owner of the file may read it. `invalid`: it is empty, too long or
 * has characters that a cookie cannot have. `unreadable`: the system says no (`cause`).
 */
export class CookieFileError extends Error {
  override readonly name = "CookieFileError";
  readonly code: "unsafe" | "invalid" | "unreadable";

  constructor(code: CookieFileError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * A call that failed. Codes of this package: `unknown_method`, `bad_request`, `too_many_calls`, `too_large`, `timeout`,
 * `cancelled`, `disconnected`, `internal`. Others are those of the handlers.
 */
export class ControlError extends Error {
  override readonly name = "ControlError";
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
