import type { ListenAddress } from "../config/config.ts";

/** A port cannot be listened on. The message is one sentence for whoever chose it. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  /** The system's: EADDRINUSE, EACCES, EADDRNOTAVAIL, ... */
  readonly code: string;
  readonly port: number;

  constructor({ address, port }: ListenAddress, cause: NodeJS.ErrnoException) {
    const place = address === undefined ? "" : ` of ${address}`;
    super(`cannot listen on port ${port}${place}: ${reason(cause)}`, { cause });
    this.code = cause.code ?? "UNKNOWN";
    this.port = port;
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["EADDRINUSE", "another process listens there (EADDRINUSE)"],
  ["EACCES", "permission denied; ports below 1024 are reserved for root (EACCES)"],
  ["EADDRNOTAVAIL", "this machine has no such address (EADDRNOTAVAIL)"],
]);

function reason({ code = "", message }: NodeJS.ErrnoException): string {
  return REASONS.get(code) ?? message;
}
