import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import type { OAuth2Config } from "../../../src/config/config.ts";
import { defaultConfig } from "../../../src/config/load-config.ts";
import { startBroker } from "../../../src/index.ts";
import { AuthRig, errorOf, WebService } from "../auth-rig.ts";

interface Signer {
  readonly kid: string;
  readonly algorithm: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

function signer(name: "rsa" | "stranger" | "curve" = "rsa"): Signer {
  const privateKey = createPrivateKey(
    readFileSync(join(import.meta.dirname, "keys", `${name}.pem`)),
  );
  const algorithm = name === "curve" ? "ES256" : "RS256";
  return { kid: name, algorithm, privateKey, publicKey: createPublicKey(privateKey) };
}

function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

const EVERYTHING = "rabbitmq.configure:*/* rabbitmq.write:*/* rabbitmq.read:*/*";

/** undefined: left out. */
type Claims = Readonly<Record<string, unknown>>;

function sign({ kid, algorithm, privateKey }: Signer, claims: Claims): Promise<string> {
  const defaults = { sub: "ann", aud: "rabbitmq", exp: inSeconds(3600), scope: EVERYTHING };
  return new SignJWT({ ...defaults, ...claims })
    .setProtectedHeader({ alg: algorithm, kid })
    .sign(privateKey);
}

/** An authorization server's public keys (JWKS), and a broker that asks for them. */
class Trust implements AsyncDisposable {
  readonly signers: Signer[];
  readonly web: WebService;
  readonly rig: AuthRig;
  readonly #asked: string[];

  private constructor(signers: Signer[], web: WebService, rig: AuthRig, asked: string[]) {
    this.signers = signers;
    this.web = web;
    this.rig = rig;
    this.#asked = asked;
  }

  static async start(
    change: (url: string) => Partial<OAuth2Config> = (url) => ({ jwksUrl: `${url}/keys` }),
  ): Promise<Trust> {
    const signers = [signer()];
    const asked: string[] = [];
    const web: WebService = await WebService.start(async ({ url = "" }) => {
      asked.push(url);
      if (url === "/.well-known/openid-configuration") {
        return { text: JSON.stringify({ jwks_uri: `${web.url}/keys` }) };
      }
      if (url !== "/keys") return { status: 404, text: "" };
      const keys = signers.map(async ({ kid, publicKey }) => ({
        ...(await exportJWK(publicKey)),
        kid,
      }));
      return { text: JSON.stringify({ keys: await Promise.all(keys) }) };
    });
    const oauth2 = { ...defaultConfig().auth.oauth2, resourceServerId: "rabbitmq" };
    const rig = await AuthRig.start({
      backends: [
        { authn: "oauth2", authz: "oauth2" },
        { authn: "internal", authz: "internal" },
      ],
      oauth2: { ...oauth2, ...change(web.url) },
    });
    return new Trust(signers, web, rig, asked);
  }

  get keysAsked(): number {
    return this.#asked.filter((path) => path === "/keys").length;
  }

  token(claims: Claims = {}, by: Signer | undefined = this.signers[0]): Promise<string> {
    if (by === undefined) throw new Error("there is no key");
    return sign(by, claims);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rig[Symbol.asyncDispose]();
    await this.web[Symbol.asyncDispose]();
  }
}

describe("a token as password", () => {
  test("logs its owner in, whatever name the client says, and its scopes are what it may do", async () => {
    await using trust = await Trust.start();
    const scope = "rabbitmq.configure:%2F/my-* rabbitmq.read:%2F/my-* rabbitmq.write:%2F/my-*";
    const connection = await trust.rig.connect("whoever", await trust.token({ scope }));
    const [open] = trust.rig.node.broker.connections;
    expect(open?.user).toBe("ann");
    const channel = await connection.createChannel();
    await channel.assertQueue("my-queue", { exclusive: true });
    channel.on("error", () => undefined);
    expect(await errorOf(channel.assertQueue("your-queue"))).toContain(
      "configure access to queue 'your-queue' in vhost '/' refused for user 'ann'",
    );
    await connection.close();
  });

  test("with a tag is a user with that tag", async () => {
    await using trust = await Trust.start();
    const password = await trust.token({ scope: "rabbitmq.tag:administrator" });
    const attempt = {
      username: "",
      password,
      protocol: "http",
      remoteAddress: "10.0.0.1",
    } as const;
    const result = await trust.rig.node.broker.authenticator.authenticate(attempt);
    expect(result).toMatchObject({ ok: true, identity: { name: "ann", tags: ["administrator"] } });
  });

  test.each([
    ["has expired", { exp: inSeconds(-1) }],
    ["never expires", { exp: undefined }],
    ["is not valid yet", { nbf: inSeconds(3600) }],
    ["is meant for another", { aud: "other" }],
    ["is meant for nobody", { aud: undefined }],
    ["has no scope for the vhost", { scope: "rabbitmq.read:other/*" }],
    ["has scopes for another", { scope: "other.read:*/*" }],
  ] satisfies [string, Claims][])("that %s lets nobody in", async (_name, claims) => {
    await using trust = await Trust.start();
    const password = await trust.token(claims);
    expect(await errorOf(trust.rig.connect("ann", password))).toMatch(
      /ACCESS.REFUSED|ConnectionClose/,
    );
    expect(trust.rig.log).not.toContain(password);
  });

  test("of a stranger's key lets nobody in", async () => {
    await using trust = await Trust.start();
    const [own] = trust.signers;
    const stranger = { ...signer("stranger"), kid: own?.kid ?? "" };
    expect(await errorOf(trust.rig.connect("ann", await trust.token({}, stranger)))).toMatch(
      /ACCESS.REFUSED/,
    );
    expect(trust.rig.log).toContain("the signature is wrong");
  });

  test.each(["none", "HS256"])("with algorithm %s lets nobody in", async (alg) => {
    await using trust = await Trust.start();
    const [own] = trust.signers;
    const encode = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString("base64url");
    const header = encode({ alg, kid: own?.kid });
    const body = encode({ sub: "ann", aud: "rabbitmq", exp: inSeconds(60), scope: EVERYTHING });
    const forged = `${header}.${body}.${alg === "none" ? "" : "AAAA"}`;
    expect(await errorOf(trust.rig.connect("ann", forged))).toMatch(/ACCESS.REFUSED/);
  });

  test("is none if it is a plain password: then the next backend is asked", async () => {
    await using trust = await Trust.start();
    const connection = await trust.rig.connect("guest", "guest");
    await connection.close();
    expect(trust.keysAsked).toBe(0);
  });
});

describe("the HTTP API", () => {
  test("takes a token as bearer or as password, and knows what its owner may do", async () => {
    await using trust = await Trust.start();
    const { auth } = trust.rig.node.config;
    await using broker = await startBroker({
      managementPort: 0,
      configure: (config) => ({ ...config, auth }),
    });
    const api = `http://127.0.0.1:${broker.managementPort}/api`;
    const ask = (path: string, authorization: string): Promise<Response> =>
      fetch(`${api}${path}`, { headers: { authorization } });
    const scope = "rabbitmq.tag:management rabbitmq.configure:%2F/mine rabbitmq.write:other/*";
    const token = await trust.token({ scope });
    const bearer = `Bearer ${token}`;
    const basic = `Basic ${Buffer.from(`:${token}`).toString("base64")}`;
    for (const authorization of [bearer, basic]) {
      const answer = await ask("/whoami", authorization);
      expect(await answer.json()).toMatchObject({ name: "ann", tags: ["management"] });
    }
    expect((await ask("/users", bearer)).status).toBe(401);
    const declare = (name: string): Promise<Response> =>
      fetch(`${api}/queues/%2F/${name}`, {
        method: "PUT",
        headers: { authorization: bearer },
        body: "{}",
      });
    expect((await declare("mine")).status).toBe(201);
    expect((await declare("yours")).status).toBe(401);
    expect((await ask("/whoami", `Bearer ${await trust.token({ scope: "" })}`)).status).toBe(401);
    expect((await ask("/whoami", "Bearer nonsense")).status).toBe(401);
  });
});

describe("keys", () => {
  test("are asked for once, and again for a token of a new key", async () => {
    await using trust = await Trust.start();
    for (let i = 0; i < 3; i++) {
      const connection = await trust.rig.connect("ann", await trust.token());
      await connection.close();
    }
    expect(trust.keysAsked).toBe(1);
  });

  test("of elliptic curves are understood, too", async () => {
    await using trust = await Trust.start();
    const other = signer("curve");
    trust.signers.push(other);
    const connection = await trust.rig.connect("ann", await trust.token({}, other));
    await connection.close();
  });

  test("are found by the issuer's metadata", async () => {
    await using trust = await Trust.start((url) => ({ issuer: url, jwksUrl: undefined }));
    const connection = await trust.rig.connect("ann", await trust.token());
    await connection.close();
  });

  test("may be files", async () => {
    const directory = mkdtempSync(join(tmpdir(), "leveret-keys-"));
    try {
      const own = signer();
      const file = join(directory, "key.pem");
      writeFileSync(file, own.publicKey.export({ type: "spki", format: "pem" }));
      const signingKeys = [{ id: own.kid, file }];
      await using trust = await Trust.start(() => ({ signingKeys }));
      const connection = await trust.rig.connect("ann", await trust.token({}, own));
      await connection.close();
      expect(trust.keysAsked).toBe(0);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("that cannot be had let nobody in, and do not keep others out", async () => {
    await using trust = await Trust.start((url) => ({ jwksUrl: `${url}/nowhere` }));
    expect(await errorOf(trust.rig.connect("ann", await trust.token()))).toMatch(/ACCESS.REFUSED/);
    const connection = await trust.rig.connect("guest", "guest");
    await connection.close();
  });
});

describe("the end of a token", () => {
  test("is the end of its connection", async () => {
    await using trust = await Trust.start();
    const connection = await trust.rig.connect("ann", await trust.token({ exp: inSeconds(2) }));
    const error = await new Promise<Error>((resolve) => connection.on("close", resolve));
    expect(error.message).toContain("credential expired");
  });

  test("is put off by a new token of the same user, which may allow more", async () => {
    await using trust = await Trust.start();
    const scope = "rabbitmq.configure:*/a";
    const connection = await trust.rig.connect(
      "ann",
      await trust.token({ scope, exp: inSeconds(2) }),
    );
    let isOver = false;
    connection.on("close", () => {
      isOver = true;
    });
    const wider = `${scope} rabbitmq.configure:*/b`;
    const exp = inSeconds(3600);
    await connection.updateSecret(Buffer.from(await trust.token({ scope: wider, exp })), "renewed");
    const [open] = trust.rig.node.broker.connections;
    expect(open?.identity.expiresAtMs).toBe(exp * 1000);
    const channel = await connection.createChannel();
    await channel.assertQueue("b", { exclusive: true });
    expect(isOver).toBe(false);
    await connection.close();
  });

  test("a publisher's remembered permission goes with the old token", async () => {
    await using trust = await Trust.start();
    const connection = await trust.rig.connect("ann", await trust.token());
    const channel = await connection.createConfirmChannel();
    const publish = (): Promise<void> =>
      new Promise((resolve, reject) => {
        channel.on("error", reject);
        channel.publish("amq.fanout", "", Buffer.from("x"), {}, (error) =>
          error === null ? resolve() : reject(error),
        );
      });
    await publish();
    const less = "rabbitmq.read:*/*";
    await connection.updateSecret(Buffer.from(await trust.token({ scope: less })), "renewed");
    expect(await errorOf(publish())).toContain("write access to exchange 'amq.fanout'");
    await connection.close();
  });

  test.each([
    ["of another user", { sub: "bob" }],
    ["that has expired", { exp: inSeconds(-5) }],
  ] satisfies [string, Claims][])("a new token %s ends the connection", async (_name, claims) => {
    await using trust = await Trust.start();
    const connection = await trust.rig.connect("ann", await trust.token());
    const closed = new Promise<Error>((resolve) => connection.on("error", resolve));
    const secret = Buffer.from(await trust.token(claims));
    connection.updateSecret(secret, "renewed").catch(() => undefined);
    expect((await closed).message).toContain("New secret was refused by one of the backends");
  });
});
