import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";

/** What a TLS connection agreed on, and whom the client's certificate names. */
export interface TlsFacts {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** `TLS_AES_256_GCM_SHA384` */
  readonly cipher: string;
  /** undefined: the client showed none. */
  readonly peerCertificate: PeerCertificate | undefined;
}

/** Names in the form `C=DE,O=Example,CN=client`. */
interface PeerCertificate {
  readonly subject: string;
  readonly issuer: string;
  /** As the certificate says it: `Jan  1 00:00:00 2026 GMT`. */
  readonly validFrom: string;
  readonly validTo: string;
}

/** undefined: no TLS. */
export function tlsFactsOf(socket: Duplex): TlsFacts | undefined {
  if (!(socket instanceof TLSSocket) || socket.destroyed) return undefined;
  return {
    protocol: socket.getProtocol() ?? "",
    cipher: socket.getCipher().standardName,
    peerCertificate: peerCertificateOf(socket),
  };
}

function peerCertificateOf(socket: TLSSocket): PeerCertificate | undefined {
  const { subject, issuer, valid_from, valid_to } = socket.getPeerCertificate();
  // Without a certificate the object is empty, whatever its type says.
  if ((subject as object | undefined) === undefined) return undefined;
  return {
    subject: nameText(subject),
    issuer: nameText(issuer),
    validFrom: valid_from,
    validTo: valid_to,
  };
}

function nameText(name: object): string {
  return Object.entries(name)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(",");
}
