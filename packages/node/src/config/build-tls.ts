import type { TlsConfig, TlsVersion } from "./config.ts";
import { fileOf } from "./file-of.ts";
import type { Settings } from "./settings.ts";

/** The keys below `prefix` (`ssl_options`). undefined: neither certificate nor key is set. */
export function buildTls(settings: Settings, prefix: string): TlsConfig | undefined {
  const verify = settings.text(`${prefix}.verify`);
  const tls: TlsConfig = {
    caCertFile: fileOf(settings, `${prefix}.cacertfile`),
    certFile: fileOf(settings, `${prefix}.certfile`),
    keyFile: fileOf(settings, `${prefix}.keyfile`),
    password: settings.text(`${prefix}.password`),
    verify: verify === "verify_peer" ? "verify_peer" : "verify_none",
    isPeerCertRequired: settings.boolean(`${prefix}.fail_if_no_peer_cert`),
    // The schema admits only the words of TlsVersion.
    versions: settings.numbered(`${prefix}.versions.$n`).map(({ value }) => value as TlsVersion),
    ciphers: settings.numbered(`${prefix}.ciphers.$n`).map(({ value }) => String(value)),
    isCipherOrderHonored: settings.boolean(`${prefix}.honor_cipher_order`),
  };
  return tls.certFile === undefined && tls.keyFile === undefined ? undefined : tls;
}
