import { X509Certificate } from "node:crypto";
import { getServers } from "node:dns";
import { lookup } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { DEFAULT_MAX_VERSION, DEFAULT_MIN_VERSION, getCiphers } from "node:tls";
import * as v from "valibot";
import type { Config, TlsVersion } from "../config/config.ts";
import { always, NO_PARAMS, type NodeMethods, rows, whileRunning } from "./control-method.ts";

/** A certificate that the node shows or trusts. */
interface CertificateInfo {
  /** `ssl_options.certfile`: the setting that names the file. */
  readonly setting: string;
  readonly file: string;
  readonly subject: string;
  readonly issuer: string;
  /** Hexadecimal. */
  readonly serial: string;
  /** Seconds since 1970. */
  readonly not_before: number;
  readonly not_after: number;
}

/** What the machine and the process are like, for who looks for a fault. */
export const HOST_METHODS: NodeMethods = {
  command_line_arguments: always(NO_PARAMS, async () => ({
    runtime: [process.execPath, ...process.execArgv],
    arguments: process.argv.slice(1),
  })),
  /** Rows are a name and a value. */
  os_env: always(NO_PARAMS, () => rows(environmentVariables())),
  resolve_hostname: always(
    v.object({ hostname: v.string(), family: v.picklist([4, 6]) }),
    async (_node, { hostname, family }) => {
      try {
        const found = await lookup(hostname, { family, all: true });
        return found.map(({ address }) => address);
      } catch (error) {
        if (isNotFound(error)) return [];
        throw error;
      }
    },
  ),
  resolver_info: always(NO_PARAMS, async () => ({ servers: getServers() })),
  list_network_interfaces: always(NO_PARAMS, async () =>
    Object.entries(networkInterfaces()).map(([name, addresses = []]) => ({
      name,
      addresses: addresses.map(({ address }) => address),
      hardware_address: addresses[0]?.mac ?? "",
      is_internal: addresses[0]?.internal ?? false,
    })),
  ),
  tls_info: whileRunning(NO_PARAMS, async ({ broker: { config } }) => ({
    versions: versionsOf(config),
    ciphers: config.tls?.ciphers.length ? config.tls.ciphers : getCiphers(),
    all_ciphers: getCiphers(),
  })),
  /** Rows are CertificateInfos. */
  certificates: whileRunning(NO_PARAMS, ({ broker: { config } }) => certificatesOf(config)),
  discover_peers: whileRunning(NO_PARAMS, async ({ node, broker: { config } }) => {
    const { peers, formation } = config.cluster;
    const named = [...peers, ...formation.nodes].map(({ name }) => name);
    return [...new Set(named)].filter((name) => name !== node.nodeName);
  }),
};

/** The certificates of all TLS listeners and of the cluster port. */
async function* certificatesOf({ tls, cluster }: Config): AsyncIterable<CertificateInfo> {
  const files: readonly (readonly [string, string | undefined])[] = [
    ["ssl_options.certfile", tls?.certFile],
    ["ssl_options.cacertfile", tls?.caCertFile],
    ["cluster.tls.certfile", cluster.tls?.certFile],
    ["cluster.tls.cacertfile", cluster.tls?.caCertFile],
  ];
  for (const [setting, file] of files) {
    if (file === undefined) continue;
    for (const pem of await pemsOf(file)) yield certificateInfo(setting, file, pem);
  }
}

async function pemsOf(file: string): Promise<readonly string[]> {
  const text = await readFile(file, "utf8");
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function certificateInfo(setting: string, file: string, pem: string): CertificateInfo {
  const { subject, issuer, serialNumber, validFrom, validTo } = new X509Certificate(pem);
  return {
    setting,
    file,
    subject: subject.replaceAll("\n", ","),
    issuer: issuer.replaceAll("\n", ","),
    serial: serialNumber,
    not_before: Date.parse(validFrom) / 1000,
    not_after: Date.parse(validTo) / 1000,
  };
}

/** In order, the newest first, as RabbitMQ lists them. */
function versionsOf({ tls }: Config): readonly string[] {
  const known: readonly TlsVersion[] = ["tlsv1.3", "tlsv1.2", "tlsv1.1", "tlsv1"];
  if (tls !== undefined && tls.versions.length > 0) {
    return known.filter((version) => tls.versions.includes(version));
  }
  const nodeNames = known.map((version) => version.replace("tls", "TLS"));
  const from = nodeNames.indexOf(DEFAULT_MAX_VERSION);
  return known.slice(from, nodeNames.indexOf(DEFAULT_MIN_VERSION) + 1);
}

/** Whose names speak of a broker; secrets are not shown. */
function environmentVariables(): readonly (readonly [string, string])[] {
  const { env } = process;
  const names = Object.keys(env).filter((name) => /^(LEVERET|RABBITMQ)_/.test(name));
  return names.sort().map((name) => [name, isSecret(name) ? "[redacted]" : (env[name] ?? "")]);
}

function isSecret(name: string): boolean {
  return /(COOKIE|PASS(WORD|PHRASE)?|SECRET|KEY|TOKEN)$/.test(name);
}

function isNotFound(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && /^(ENOTFOUND|ENODATA)$/.test(String(error.code))
  );
}
