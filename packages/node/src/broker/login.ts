import type { AccessControl } from "../auth/access-control.ts";
import { type Credentials, parseAmqplainResponse, parsePlainResponse } from "../auth/sasl.ts";

/** `why` is for the log; the client is told the same in every case, and nothing if its response is malformed. */
export type Login =
  | { readonly ok: true; readonly user: string }
  | {
      readonly ok: false;
      readonly user: string;
      readonly why: string;
      readonly isMalformed: boolean;
    };

export interface LoginRequest {
  readonly mechanism: string;
  readonly response: Buffer;
  readonly remoteAddress: string;
  readonly loopbackUsers: ReadonlySet<string>;
}

/** Checks a SASL response (PLAIN, AMQPLAIN). */
export function login(access: AccessControl, request: LoginRequest): Login {
  const credentials = parseResponse(request.mechanism, request.response);
  if (credentials === undefined) {
    return { ok: false, user: "", why: "malformed SASL response", isMalformed: true };
  }
  const { username, password } = credentials;
  const result = access.authenticate({
    username,
    password,
    remoteIsLoopback: isLoopback(request.remoteAddress),
    loopbackUsers: request.loopbackUsers,
  });
  if (result.ok) return { ok: true, user: result.user.name };
  const why =
    result.reason === "loopback only"
      ? `user '${username}' can only connect via localhost`
      : `user '${username}' - invalid credentials`;
  return { ok: false, user: username, why, isMalformed: false };
}

function parseResponse(mechanism: string, response: Buffer): Credentials | undefined {
  return mechanism === "PLAIN" ? parsePlainResponse(response) : parseAmqplainResponse(response);
}

/** 127.0.0.0/8 and ::1, also in the IPv4-mapped form that dual-stack sockets show. */
function isLoopback(address: string): boolean {
  const plain = address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
  return plain === "::1" || plain.startsWith("127.");
}
