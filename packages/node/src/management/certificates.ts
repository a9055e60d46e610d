import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { CertificateFacts } from "@leveret/management";
import type { BrokerNode } from "../broker/broker-node.ts";

/** The certificates that listeners of this node show, as their files are now. One that cannot be read is left out: its listener has its own. */
export function certificatesOf({ config, listeners }: BrokerNode): CertificateFacts[] {
  const amqp = listeners
    .filter(({ isTls }) => isTls)
    .map(({ address }) => ({
      protocol: "amqp/ssl",
      port: address.port,
      file: config.tls?.certFile,
    }));
  const https = config.management.listeners.flatMap(({ tls, port }) =>
    tls === undefined ? [] : [{ protocol: "https", port, file: tls.certFile }],
  );
  return [...amqp, ...https].flatMap(({ protocol, port, file }) => {
    const certificate = file === undefined ? undefined : readCertificate(file);
    if (file === undefined || certificate === undefined) return [];
    const { subject, validTo } = certificate;
    return [{ protocol, port, file, subject, notAfter: new Date(validTo) }];
  });
}

function readCertificate(file: string): X509Certificate | undefined {
  try {
    return new X509Certificate(readFileSync(file));
  } catch {
    return undefined;
  }
}
