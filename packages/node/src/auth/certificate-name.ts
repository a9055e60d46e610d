import type { X509Certificate } from "node:crypto";
import type { CertificateLoginConfig } from "../config/config.ts";

/** A name, or why there is none. */
export type CertificateName =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly why: string };

/** OpenSSL's short names of attributes that RabbitMQ calls otherwise. */
const ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ["GN", "GIVENNAME"],
  ["initials", "INITIALS"],
  ["generationQualifier", "GENERATIONQUALIFIER"],
  ["title", "TITLE"],
  ["serialNumber", "SERIALNUMBER"],
  ["pseudonym", "PSEUDONYM"],
  ["emailAddress", "EMAILADDRESS"],
  ["street", "STREET"],
]);

/** Kinds of alternative names as Node.js writes them. */
const SAN_LABELS = { dns: "DNS", ip: "IP Address", email: "email", uri: "URI" } as const;

/** The name of the user whose certificate it is, as `ssl_cert_login_from` says (RabbitMQ: peer_cert_auth_name). */
export function certificateName(
  certificate: X509Certificate,
  config: CertificateLoginConfig,
): CertificateName {
  const name = nameIn(certificate, config);
  return name === undefined || name === ""
    ? { ok: false, why: "no name found" }
    : { ok: true, name };
}

function nameIn(
  certificate: X509Certificate,
  { from, sanType, sanIndex }: CertificateLoginConfig,
): string | undefined {
  switch (from) {
    case "distinguished_name":
      return distinguishedName(certificate.subject);
    case "common_name":
      return commonNames(certificate.subject).join(",");
    case "subject_alternative_name":
      return alternativeNames(certificate.subjectAltName, SAN_LABELS[sanType])[sanIndex];
    default:
      return from satisfies never;
  }
}

/** One line for each relative name, the most general first, values escaped as in RFC 2253. */
function relativeNames(subject: string | undefined): readonly string[] {
  return (subject ?? "").split("\n").filter((line) => line !== "");
}

/** As RabbitMQ writes it (RFC 4514): the most specific first. */
function distinguishedName(subject: string | undefined): string {
  return relativeNames(subject)
    .map((line) =>
      line
        .split(/(?<=[^\\]) \+ /)
        .map(renamed)
        .join("+"),
    )
    .reverse()
    .join(",");
}

function renamed(attribute: string): string {
  const [, name = "", value = ""] = /^([^=]*)=(.*)$/s.exec(attribute) ?? [];
  return `${ATTRIBUTES.get(name) ?? name}=${escapedOctets(value)}`;
}

/** Characters beyond ASCII as their octets, `\\C3\\BC` (RabbitMQ). */
function escapedOctets(value: string): string {
  return value.replace(/[^\x20-\x7e]+/g, (text) =>
    Buffer.from(text).toString("hex").toUpperCase().replace(/../g, "\\$&"),
  );
}

function commonNames(subject: string | undefined): readonly string[] {
  return relativeNames(subject)
    .flatMap((line) => line.split(/(?<=[^\\]) \+ /))
    .filter((attribute) => attribute.startsWith("CN="))
    .map((attribute) => unescaped(attribute.slice("CN=".length)));
}

/** `\,` is a comma, `\C3` an octet. */
function unescaped(value: string): string {
  if (!value.includes("\\")) return value;
  const octets: Buffer[] = [];
  for (const [, hex, escaped, plain] of value.matchAll(
    /\\([0-9A-Fa-f]{2})|\\([^0-9A-Fa-f])|([^\\]+|\\)/gs,
  )) {
    octets.push(hex === undefined ? Buffer.from(escaped ?? plain ?? "") : Buffer.from(hex, "hex"));
  }
  return Buffer.concat(octets).toString("utf8");
}

/** `DNS:a, URI:"with, comma"`: a value with special characters stands in quotes, as JSON. */
function alternativeNames(text: string | undefined, label: string): readonly string[] {
  const names: string[] = [];
  const entry = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/y;
  for (let found = entry.exec(text ?? ""); found !== null; found = entry.exec(text ?? "")) {
    const [, kind, value = ""] = found;
    if (kind === label) names.push(value.startsWith('"') ? unquoted(value) : value);
    if (entry.lastIndex >= (text ?? "").length) break;
  }
  return names;
}

function unquoted(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    return ""; // No name: nobody may be taken for somebody else.
  }
}
