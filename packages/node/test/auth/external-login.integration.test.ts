import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectPlain } from "node:net";
import { join } from "node:path";
import { EMPTY_TABLE, encodeMethodFrame, protocolHeader } from "@leveret/amqp";
import { type ChannelModel, connect, credentials } from "amqplib";
import { describe, expect, test } from "vitest";
import type { AuthConfig, Config, TlsConfig } from "../../src/config/config.ts";
import { AuthRig, errorOf } from "./auth-rig.ts";

function file(name: string): string {
  return join(import.meta.dirname, "certificates", `${name}.pem`);
}

const TLS: TlsConfig = {
  caCertFile: file("ca"),
  certFile: file("server"),
  keyFile: file("server-key"),
  password: undefined,
  verify: "verify_peer",
  isPeerCertRequired: false,
  versions: [],
  ciphers: [],
  isCipherOrderHonored: true,
};

const BY_CN = { from: "common_name", sanType: "dns", sanIndex: 0 } as const;

function start(auth: Partial<AuthConfig> = {}, tls: Partial<TlsConfig> = {}): Promise<AuthRig> {
  const mechanisms = ["PLAIN", "EXTERNAL"];
  const change = (config: Config): Config => ({
    ...config,
    listeners: { ...config.listeners, tls: [{ address: "127.0.0.1", port: 0 }] },
    tls: { ...TLS, ...tls },
    defaults: { ...config.defaults, user: "ann" },
  });
  return AuthRig.start({ mechanisms, certificateLogin: BY_CN, ...auth }, change);
}

/** By TLS, with a certificate or none. */
async function connectExternal(rig: AuthRig, certificate?: string): Promise<ChannelModel> {
  const port = rig.node.listeners.find(({ isTls }) => isTls)?.address.port ?? 0;
  const own =
    certificate === undefined
      ? {}
      : { cert: readFileSync(file(certificate)), key: readFileSync(file(`${certificate}-key`)) };
  const options = { ca: readFileSync(file("ca")), servername: "localhost", ...own };
  return connect(
    { protocol: "amqps", hostname: "127.0.0.1", port },
    { ...options, credentials: credentials.external() },
  );
}

describe("EXTERNAL", () => {
  test("lets in whom the client's certificate names", async () => {
    await using rig = await start();
    const connection = await connectExternal(rig, "plain");
    expect([...rig.node.broker.connections].map(({ user }) => user)).toEqual(["ann"]);
    const channel = await connection.createChannel();
    await channel.assertQueue("q", { exclusive: true });
    await connection.close();
  });

  test("knows users by the whole name, too", async () => {
    const certificateLogin = { ...BY_CN, from: "distinguished_name" } as const;
    await using rig = await start({ certificateLogin });
    expect(await errorOf(connectExternal(rig, "plain"))).toMatch(/ACCESS.REFUSED/);
    const user = { name: "CN=ann", password: undefined, tags: [] };
    await new Promise((done) => rig.node.administration.putUser(user, done));
    const all = { configure: ".*", write: ".*", read: ".*" };
    await new Promise((done) =>
      rig.node.administration.apply(
        { type: "setPermissions", user: "CN=ann", vhost: "/", ...all },
        done,
      ),
    );
    const connection = await connectExternal(rig, "plain");
    await connection.close();
  });

  test.each([
    ["without a certificate", undefined, "presented no TLS (x.509) certificate"],
    ["whose certificate has no such name", "nameless", "no name found"],
    ["whom nobody knows", "utf8", "user 'Jürg' - invalid credentials"],
  ])("refuses a client %s", async (_name, certificate, why) => {
    await using rig = await start();
    expect(await errorOf(connectExternal(rig, certificate))).toMatch(/ACCESS.REFUSED/);
    expect(rig.log).toContain(why);
  });

  test("proves nothing where certificates are not verified", async () => {
    await using rig = await start({}, { verify: "verify_none" });
    expect(await errorOf(connectExternal(rig, "plain"))).toMatch(/ACCESS.REFUSED/);
    expect(rig.log).toContain("TLS configuration is unsafe");
  });

  test("is not offered without TLS, and not accepted either", async () => {
    await using rig = await start();
    const options = { protocol: "amqp", hostname: "127.0.0.1", port: rig.port };
    const error = await errorOf(connect(options, { credentials: credentials.external() }));
    expect(error).toContain("SASL mechanism EXTERNAL is not provided by the server");
    const startOk = encodeMethodFrame(0, "connection.start-ok", {
      clientProperties: EMPTY_TABLE,
      mechanism: "EXTERNAL",
      response: Buffer.from("ann"),
      locale: "en_US",
    });
    const socket = connectPlain(rig.port, "127.0.0.1");
    socket.resume().end(Buffer.concat([protocolHeader(0, 9, 1), startOk]));
    await once(socket, "close");
    expect(rig.log).toContain("unknown SASL mechanism 'EXTERNAL'");
  });

  test("is not offered unless it is configured", async () => {
    await using rig = await start({ mechanisms: ["PLAIN"] });
    expect(await errorOf(connectExternal(rig, "plain"))).toContain(
      "SASL mechanism EXTERNAL is not provided by the server",
    );
  });
});
