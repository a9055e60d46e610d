import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, type TlsOptions } from "node:tls";
import type { TlsConfig, TlsVersion } from "../config/config.ts";

/** A certificate, key or TLS setting that cannot be used. The message names the key and the file. */
export class TlsOptionsError extends Error {
  override readonly name = "TlsOptionsError";
}

/** Oldest first, as the range that Node.js wants is given by its ends. */
const VERSIONS: readonly TlsVersion[] = ["tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3"];
const NODE_VERSION = {
  tlsv1: "TLSv1",
  "tlsv1.1": "TLSv1.1",
  "tlsv1.2": "TLSv1.2",
  "tlsv1.3": "TLSv1.3",
} as const satisfies Record<TlsVersion, string>;

/**
 * Options of a TLS listener from `ssl_options.*`. Reads the files and tries them, so that a wrong one is
 * reported at boot and not at the first connection. Throws {@link TlsOptionsError}.
 */
export function tlsServerOptions(tls: TlsConfig): TlsOptions {
  const cert = readPem("ssl_options.certfile", tls.certFile);
  const key = readPem("ssl_options.keyfile", tls.keyFile);
  const ca =
    tls.caCertFile === undefined ? undefined : readPem("ssl_options.cacertfile", tls.caCertFile);
  checkCertificate("ssl_options.certfile", tls.certFile, cert);
  if (ca !== undefined) checkCertificate("ssl_options.cacertfile", tls.caCertFile, ca);
  checkKeyBelongsTo(cert, key, tls);
  if (tls.verify === "verify_peer" && ca === undefined) {
    throw new TlsOptionsError("ssl_options.verify = verify_peer needs ssl_options.cacertfile");
  }
  const options: TlsOptions = {
    cert,
    key,
    ...(ca === undefined ? {} : { ca }),
    ...(tls.password === undefined ? {} : { passphrase: tls.password }),
    requestCert: tls.verify === "verify_peer",
    // A client without a certificate passes unless fail_if_no_peer_cert; a wrong one never does: see
    // isPeerAccepted, as Node.js has one switch for both.
    rejectUnauthorized: tls.verify === "verify_peer" && tls.isPeerCertRequired,
    honorCipherOrder: tls.isCipherOrderHonored,
    ...versionRange(tls.versions),
    ...(tls.ciphers.length === 0 ? {} : { ciphers: tls.ciphers.join(":") }),
  };
  checkTogether(options);
  return options;
}

/** What is known of a client after its TLS handshake; a node:tls TLSSocket is one. */
export interface TlsPeer {
  readonly authorized: boolean;
  getPeerX509Certificate(): X509Certificate | undefined;
}

/**
 * Whether a TLS connection may go on: to be asked on `secureConnection`. With verify_peer and without
 * fail_if_no_peer_cert, a client may have no certificate, but not one that does not verify.
 */
export function isPeerAccepted(tls: TlsConfig, peer: TlsPeer): boolean {
  if (tls.verify === "verify_none" || peer.authorized) return true;
  return !tls.isPeerCertRequired && peer.getPeerX509Certificate() === undefined;
}

function readPem(key: string, file: string | undefined): Buffer {
  if (file === undefined) throw new TlsOptionsError(`a TLS listener needs ${key}`);
  try {
    return readFileSync(file);
  } catch (error) {
    throw new TlsOptionsError(`${key}: cannot read ${file}: ${reason(error)}`, { cause: error });
  }
}

function checkCertificate(key: string, file: string | undefined, pem: Buffer): void {
  try {
    new X509Certificate(pem);
  } catch (error) {
    throw new TlsOptionsError(`${key}: ${file} holds no PEM certificate`, { cause: error });
  }
}

function checkKeyBelongsTo(cert: Buffer, key: Buffer, tls: TlsConfig): void {
  const privateKey = parseKey(key, tls);
  if (new X509Certificate(cert).checkPrivateKey(privateKey)) return;
  throw new TlsOptionsError(
    `ssl_options.keyfile: ${tls.keyFile} does not belong to the certificate in ${tls.certFile}`,
  );
}

function parseKey(pem: Buffer, tls: TlsConfig): KeyObject {
  // Without a passphrase OpenSSL would ask for it on the terminal.
  const isEncrypted = pem.includes("ENCRYPTED");
  if (isEncrypted && tls.password === undefined) {
    throw new TlsOptionsError(
      `ssl_options.keyfile: ${tls.keyFile} is encrypted; set ssl_options.password`,
    );
  }
  try {
    return createPrivateKey(
      tls.password === undefined ? pem : { key: pem, passphrase: tls.password },
    );
  } catch (error) {
    const what = isEncrypted
      ? "cannot be decrypted with ssl_options.password"
      : "holds no PEM private key";
    throw new TlsOptionsError(`ssl_options.keyfile: ${tls.keyFile} ${what}`, { cause: error });
  }
}

function versionRange(
  versions: readonly TlsVersion[],
): Pick<TlsOptions, "minVersion" | "maxVersion"> {
  const chosen = VERSIONS.filter((version) => versions.includes(version));
  const [oldest] = chosen;
  const newest = chosen.at(-1);
  if (oldest === undefined || newest === undefined) return {};
  if (VERSIONS.indexOf(newest) - VERSIONS.indexOf(oldest) !== chosen.length - 1) {
    throw new TlsOptionsError("ssl_options.versions must not leave out a version in the middle");
  }
  return { minVersion: NODE_VERSION[oldest], maxVersion: NODE_VERSION[newest] };
}

function checkTogether(options: TlsOptions): void {
  try {
    createSecureContext(options);
  } catch (error) {
    const key = options.ciphers === undefined ? "ssl_options" : "ssl_options.ciphers";
    throw new TlsOptionsError(`${key}: ${reason(error)}`, { cause: error });
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
