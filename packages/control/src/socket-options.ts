/** Of all connections: no waiting for full packets, and a machine that vanished is noticed by the system too, if late. */
export const SOCKET_OPTIONS: {
  readonly noDelay: true;
  readonly keepAlive: true;
  readonly keepAliveInitialDelay: number;
  readonly highWaterMark: number;
} = {
  noDelay: true,
  keepAlive: true,
  /** Milliseconds. */
  keepAliveInitialDelay: 10_000,
  /** Bytes that a socket takes before `write` says to stop: one or two large messages. */
  highWaterMark: 256 * 1024,
};

/** Both sides show a certificate that `ca` has signed. PEM; the contents of the files. */
export interface PortTls {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  readonly ca: string | Buffer;
}

/** Of both sides, for node:tls. */
interface TlsSessionOptions extends PortTls {
  readonly requestCert: true;
  readonly rejectUnauthorized: true;
  readonly minVersion: "TLSv1.2";
}

/**
 * Host names in certificates are not looked at: nodes are dialled by addresses that change, and a node proves itself by the
 * cookie, in a handshake that is bound to the session.
 */
export function tlsOptions({ cert, key, ca }: PortTls): TlsSessionOptions {
  return {
    cert,
    key,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
  };
}

/** Secret of the session, the same at both sides (RFC 5705). */
export const BINDING_SIZE = 32;
export const BINDING_LABEL = "EXPORTER-leveret-cluster-port";
