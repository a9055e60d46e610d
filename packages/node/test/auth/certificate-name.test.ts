import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { certificateName } from "../../src/auth/certificate-name.ts";
import type { CertificateLoginConfig } from "../../src/config/config.ts";

const BY_DN: CertificateLoginConfig = { from: "distinguished_name", sanType: "dns", sanIndex: 0 };
const BY_CN: CertificateLoginConfig = { ...BY_DN, from: "common_name" };

function nameOf(file: string, config: CertificateLoginConfig): string | undefined {
  const pem = readFileSync(join(import.meta.dirname, "certificates", `${file}.pem`));
  const found = certificateName(new X509Certificate(pem), config);
  return found.ok ? found.name : undefined;
}

function san(sanType: CertificateLoginConfig["sanType"], sanIndex = 0): CertificateLoginConfig {
  return { from: "subject_alternative_name", sanType, sanIndex };
}

/** Distinguished names as recorded from RabbitMQ 3.10.8 with the same certificates. */
test.each([
  ["plain", BY_DN, "CN=ann"],
  ["full", BY_DN, "EMAILADDRESS=ann@example.com,CN=ann,OU=a\\+b,O=Bunnies\\, Ltd.,C=CH"],
  ["two", BY_DN, 'CN=bob\\, the \\"second\\",CN=ann,O=Bunnies'],
  ["utf8", BY_DN, "CN=J\\C3\\BCrg"],
  ["nameless", BY_DN, "O=Bunnies"],
  ["plain", BY_CN, "ann"],
  ["full", BY_CN, "ann"],
  ["two", BY_CN, 'ann,bob, the "second"'],
  ["utf8", BY_CN, "Jürg"],
  ["nameless", BY_CN, undefined],
  ["full", san("dns"), "one.example.com"],
  ["full", san("dns", 1), "two.example.com"],
  ["full", san("dns", 2), undefined],
  ["full", san("email"), "ann@example.com"],
  ["full", san("uri"), "urn:example:a,b"],
  ["full", san("ip"), "192.0.2.7"],
  ["plain", san("dns"), undefined],
] as const)("%s by %o: %s", (file, config, name) => {
  expect(nameOf(file, config)).toBe(name);
});
