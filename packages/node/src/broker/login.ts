import type { X509Certificate } from "node:crypto";
import type { Authenticator, Identity, LoginResult } from "../auth/authenticator.ts";
import { certificateName } from "../auth/certificate-name.ts";
import { type Eventually, whenThere } from "../auth/eventually.ts";
import { parseAmqplainResponse, parsePlainResponse } from "../auth/sasl.ts";
import type { CertificateLoginConfig } from "../config/config.ts";

/** `why` is for the log; the client is told the same in every case, and nothing if its response is malformed. */
export type Login =
  | { readonly ok: true; readonly identity: Identity }
  | {
      readonly ok: false;
      readonly user: string;
      readonly why: string;
      readonly isMalformed: boolean;
    };

/** The connection on which somebody logs in. */
export interface LoginSource {
  /** Without port. */
  readonly remoteAddress: string;
  readonly name: string;
  readonly isTls: boolean;
  /** Of the client, verified; undefined: it has shown none. */
  readonly peerCertificate: X509Certificate | undefined;
}

export interface LoginRequest {
  readonly mechanism: string;
  readonly response: Buffer;
  readonly from: LoginSource;
  /** For EXTERNAL; undefined: certificates are not verified, and so prove nothing. */
  readonly certificateLogin: CertificateLoginConfig | undefined;
}

interface ShownCredentials {
  readonly username: string;
  readonly password: string | undefined;
}

/** Checks a SASL response (PLAIN, AMQPLAIN, EXTERNAL). Never rejects. */
export function login(authenticator: Authenticator, request: LoginRequest): Eventually<Login> {
  const shown = request.mechanism === "EXTERNAL" ? external(request) : parseResponse(request);
  if ("ok" in shown) return shown;
  const { remoteAddress, name, isTls } = request.from;
  const connection = { name, mechanism: request.mechanism, isTls };
  const attempt = { ...shown, remoteAddress, connection, protocol: "amqp091" } as const;
  return whenThere(authenticator.authenticate(attempt), loginOf);
}

function loginOf(result: LoginResult): Login {
  if (result.ok) return result;
  return refused(result.username, result.why);
}

function refused(user: string, why: string): Login & { readonly ok: false } {
  return { ok: false, user, why, isMalformed: false };
}

function parseResponse({
  mechanism,
  response,
}: LoginRequest): ShownCredentials | (Login & { readonly ok: false }) {
  const credentials =
    mechanism === "PLAIN" ? parsePlainResponse(response) : parseAmqplainResponse(response);
  return credentials ?? { ...refused("", "malformed SASL response"), isMalformed: true };
}

/** The name in the client's certificate; what the client says besides does not matter (RabbitMQ). */
function external({
  from,
  certificateLogin,
}: LoginRequest): ShownCredentials | (Login & { readonly ok: false }) {
  if (certificateLogin === undefined) {
    return refused("", "TLS configuration is unsafe: ssl_options.verify is not verify_peer");
  }
  const { peerCertificate } = from;
  if (peerCertificate === undefined) {
    return refused("", "connection peer presented no TLS (x.509) certificate");
  }
  const found = certificateName(peerCertificate, certificateLogin);
  return found.ok ? { username: found.name, password: undefined } : refused("", found.why);
}
