import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import type { TlsConfig } from "../../src/config/config.ts";
import {
  isPeerAccepted,
  TlsOptionsError,
  tlsServerOptions,
} from "../../src/connection/tls-options.ts";

const FOLDER = join(import.meta.dirname, "tls-fixtures");

function file(name: string): string {
  return join(FOLDER, name);
}

const TLS: TlsConfig = {
  caCertFile: undefined,
  certFile: file("server.pem"),
  keyFile: file("server-key.pem"),
  password: undefined,
  verify: "verify_none",
  isPeerCertRequired: false,
  versions: [],
  ciphers: [],
  isCipherOrderHonored: true,
};
const VERIFY: TlsConfig = { ...TLS, caCertFile: file("ca.pem"), verify: "verify_peer" };

type ClientOptions = { readonly [key: string]: unknown };

function certificateOf(name: "client" | "stranger"): ClientOptions {
  return { cert: readFileSync(file(`${name}.pem`)), key: readFileSync(file(`${name}-key.pem`)) };
}

/** What a client gets that sends a byte: `accepted <TLS version>`, or `refused`. */
async function greet(tls: TlsConfig, client: ClientOptions = {}): Promise<string> {
  const server = createServer(tlsServerOptions(tls), (socket) => {
    if (isPeerAccepted(tls, socket)) socket.end("accepted");
    else socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket: TLSSocket = connect({
    port,
    host: "127.0.0.1",
    ca: readFileSync(file("ca.pem")),
    ...client,
  });
  let answer = "";
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString();
  });
  let version = "";
  socket.on("secureConnect", () => {
    version = socket.getProtocol() ?? "";
  });
  await new Promise<void>((resolve) => {
    socket.once("error", () => resolve());
    socket.once("close", () => resolve());
  });
  socket.destroy();
  server.close();
  return answer === "accepted" ? `accepted ${version}` : "refused";
}

describe("a TLS listener", () => {
  test.each<[string, TlsConfig, ClientOptions, string]>([
    ["any client with TLS 1.3", TLS, {}, "accepted TLSv1.3"],
    ["a client that knows 1.2 only", TLS, { maxVersion: "TLSv1.2" }, "accepted TLSv1.2"],
    [
      "with an encrypted key",
      { ...TLS, keyFile: file("server-key-encrypted.pem"), password: "bunnies" },
      {},
      "accepted TLSv1.3",
    ],
    ["1.2 only, if told so", { ...TLS, versions: ["tlsv1.2"] }, {}, "accepted TLSv1.2"],
    [
      "verify_peer: a client with a good certificate",
      VERIFY,
      certificateOf("client"),
      "accepted TLSv1.3",
    ],
    ["verify_peer: a client without a certificate", VERIFY, {}, "accepted TLSv1.3"],
    ["verify_none: a stranger's certificate", TLS, certificateOf("stranger"), "accepted TLSv1.3"],
    [
      "fail_if_no_peer_cert: a client with a good certificate",
      { ...VERIFY, isPeerCertRequired: true },
      certificateOf("client"),
      "accepted TLSv1.3",
    ],
  ])("takes %s", async (_name, tls, client, expected) => {
    expect(await greet(tls, client)).toBe(expected);
  });

  test.each<[string, TlsConfig, ClientOptions]>([
    ["1.2, if only 1.3 is offered", { ...TLS, versions: ["tlsv1.3"] }, { maxVersion: "TLSv1.2" }],
    ["verify_peer: a stranger's certificate", VERIFY, certificateOf("stranger")],
    ["fail_if_no_peer_cert: no certificate", { ...VERIFY, isPeerCertRequired: true }, {}],
    [
      "a cipher that is not offered",
      { ...TLS, versions: ["tlsv1.2"], ciphers: ["ECDHE-ECDSA-AES256-GCM-SHA384"] },
      { ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" },
    ],
  ])("refuses %s", async (_name, tls, client) => {
    expect(await greet(tls, client)).toBe("refused");
  });
});

describe("tlsServerOptions", () => {
  test.each<[string, TlsConfig, string]>([
    [
      "no certificate",
      { ...TLS, certFile: undefined },
      "a TLS listener needs ssl_options.certfile",
    ],
    ["no key", { ...TLS, keyFile: undefined }, "a TLS listener needs ssl_options.keyfile"],
    [
      "a missing file",
      { ...TLS, certFile: file("no.pem") },
      `ssl_options.certfile: cannot read ${file("no.pem")}: ENOENT`,
    ],
    [
      "a certificate that is none",
      { ...TLS, certFile: file("README.md") },
      `ssl_options.certfile: ${file("README.md")} holds no PEM certificate`,
    ],
    [
      "a CA that is none",
      { ...VERIFY, caCertFile: file("README.md") },
      `ssl_options.cacertfile: ${file("README.md")} holds no PEM certificate`,
    ],
    [
      "a key that is none",
      { ...TLS, keyFile: file("ca.pem") },
      `ssl_options.keyfile: ${file("ca.pem")} holds no PEM private key`,
    ],
    [
      "another's key",
      { ...TLS, keyFile: file("client-key.pem") },
      "does not belong to the certificate in",
    ],
    [
      "an encrypted key without its password",
      { ...TLS, keyFile: file("server-key-encrypted.pem") },
      "is encrypted; set ssl_options.password",
    ],
    [
      "a wrong password",
      { ...TLS, keyFile: file("server-key-encrypted.pem"), password: "x" },
      "cannot be decrypted with ssl_options.password",
    ],
    [
      "verify_peer without a CA",
      { ...VERIFY, caCertFile: undefined },
      "verify_peer needs ssl_options.cacertfile",
    ],
    [
      "a gap in the versions",
      { ...TLS, versions: ["tlsv1.3", "tlsv1.1"] },
      "must not leave out a version in the middle",
    ],
    ["an unknown cipher", { ...TLS, ciphers: ["NO-SUCH"] }, "ssl_options.ciphers: "],
  ])("says what is wrong with %s, by key and file", (_name, tls, message) => {
    expect(() => tlsServerOptions(tls)).toThrow(TlsOptionsError);
    expect(() => tlsServerOptions(tls)).toThrow(message);
  });
});
