import type { Caller } from "../caller.ts";
import { CliError, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import type { Command, Input } from "./command.ts";

const TOOLS = ["rabbitmq-diagnostics"] as const;
const HEALTH = "Monitoring, observability and health checks";

/** A certificate of the node, as it sends it. Times in seconds since 1970. */
interface CertificateInfo {
  readonly setting: string;
  readonly file: string;
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly not_before: number;
  readonly not_after: number;
}

const DAYS: ReadonlyMap<string, number> = new Map([
  ["days", 1],
  ["weeks", 7],
  ["months", 30],
  ["years", 365],
]);
const DAY_MS = 86_400_000;
const WITHIN_DEFAULT = 4;
const UNIT_DEFAULT = "weeks";

export const TLS_COMMANDS: readonly Command[] = [
  {
    name: "certificates",
    group: "Configuration and Environment",
    tools: TOOLS,
    usage: "",
    summary: "Shows the certificates of the node's TLS listeners",
    count: [0, 0],
    needs: "running",
    banner: ({ node }) => `Certificates of node ${node} ...`,
    run: async (_input, caller) => {
      const found = await certificatesOf(caller);
      const text = found.length === 0 ? "(none)" : found.map(certificateText).join("\n\n");
      return { kind: "text", text, value: found };
    },
  },
  {
    name: "check_certificate_expiration",
    group: HEALTH,
    tools: TOOLS,
    usage: "[--within <period>] [--unit <unit>]",
    summary: "Fails if a certificate of the node expires soon",
    details: [
      ["<period>", "4 by default"],
      ["<unit>", `${[...DAYS.keys()].join(", ")}; weeks by default`],
    ],
    count: [0, 0],
    options: ["within", "unit"],
    needs: "running",
    check: (input) => void periodOf(input),
    banner: ({ node }) => `Checking certificate expiration on node ${node} ...`,
    run: async (input, caller) => {
      const { ms, text } = periodOf(input);
      const limit = (Date.now() + ms) / 1000;
      const expiring = (await certificatesOf(caller)).filter(({ not_after: end }) => end <= limit);
      if (expiring.length === 0) {
        return { kind: "text", text: `No certificates are expiring within ${text}.` };
      }
      const heading = `Error:\nCertificates of node ${input.node} that expire within ${text}:`;
      throw new CliError(
        EXIT.unavailable,
        [heading, ...expiring.map(certificateText)].join("\n\n"),
      );
    },
  },
  {
    name: "tls_versions",
    group: HEALTH,
    tools: TOOLS,
    usage: "",
    summary: "Lists the versions of TLS that the node's listeners offer",
    count: [0, 0],
    needs: "running",
    banner: () => "Listing all TLS versions supported by the runtime...",
    run: async (_input, caller) => {
      const { versions } = await tlsInfo(caller);
      return { kind: "text", text: versions.join("\n"), value: { versions } };
    },
  },
  {
    name: "cipher_suites",
    group: HEALTH,
    tools: TOOLS,
    usage: "[--format <openssl>] [--all]",
    summary: "Lists the cipher suites of the node's TLS listeners",
    details: [["--all", "all that the runtime has"]],
    count: [0, 0],
    options: ["format", "all"],
    needs: "running",
    check: ({ options: { format = "openssl" } }) => {
      if (format === "openssl") return;
      throw new UsageError(EXIT.usage, `Format "${format}" is not supported, use openssl`);
    },
    banner: () => "Listing available cipher suites in OpenSSL format",
    run: async ({ options }, caller) => {
      const { ciphers, all_ciphers: all } = await tlsInfo(caller);
      const shown = options.all === true ? all : ciphers;
      return { kind: "text", text: shown.join("\n"), value: shown };
    },
  },
];

async function certificatesOf(caller: Caller): Promise<CertificateInfo[]> {
  const found: CertificateInfo[] = [];
  for await (const row of caller.stream("certificates", {})) found.push(row as CertificateInfo); // As its handler sends them.
  return found;
}

async function tlsInfo(caller: Caller): Promise<{
  readonly versions: readonly string[];
  readonly ciphers: readonly string[];
  readonly all_ciphers: readonly string[];
}> {
  return (await caller.call("tls_info", {})) as Awaited<ReturnType<typeof tlsInfo>>; // As its handler sends it.
}

function certificateText(certificate: CertificateInfo): string {
  const { setting, file, subject, issuer, serial } = certificate;
  const { not_before: from, not_after: to } = certificate;
  return [
    `${setting}: ${file}`,
    `Subject: ${subject}`,
    `Issuer: ${issuer}`,
    `Serial number: ${serial}`,
    `Valid: ${dateText(from)} to ${dateText(to)}`,
  ].join("\n");
}

function dateText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000", "");
}

/** @throws UsageError */
function periodOf({ options: { within = WITHIN_DEFAULT, unit = UNIT_DEFAULT } }: Input): {
  readonly ms: number;
  readonly text: string;
} {
  const days = DAYS.get(unit.toLowerCase());
  if (days === undefined)
    throw new UsageError(
      EXIT.usage,
      `"unit '${unit}' is not supported. Please use one of: ${[...DAYS.keys()].join(", ")}"`,
    );
  return { ms: within * days * DAY_MS, text: `${within} ${unit}` };
}
