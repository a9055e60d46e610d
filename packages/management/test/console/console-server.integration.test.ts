import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ConsoleFile } from "../../src/console/console-files.ts";
import type { ManagedNode } from "../../src/managed-node.ts";
import { json } from "../../src/routes/answers.ts";
import { type Route, route } from "../../src/routes/route.ts";
import { ManagementServer } from "../../src/server/management-server.ts";

const passwords = new Map<string, string>();

/** Only logins are asked of it. */
const node = {
  access: {
    authenticate: ({ username, password }: { username: string; password: string }) =>
      Promise.resolve(
        passwords.get(username) === password
          ? { name: username, tags: username === "worker" ? [] : ["administrator"] }
          : undefined,
      ),
    canEnterVhost: () => true,
  },
  control: { progress: { state: "running", awaited: [] } },
} as unknown as ManagedNode;

const ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/whoami",
    may: "user",
    summary: "",
    handle: ({ user }) => json({ name: user.name }),
  }),
  route({
    method: "DELETE",
    path: "/things",
    may: "user",
    summary: "",
    handle: () => json({ deleted: true }),
  }),
];

function file(text: string, isImmutable: boolean): ConsoleFile {
  const plain = Buffer.from(text);
  return {
    type: "text/html",
    etag: '"abc"',
    isImmutable,
    plain,
    br: Buffer.from("BR"),
    gzip: undefined,
  };
}

let server: ManagementServer;
let base: string;

beforeEach(async () => {
  passwords.clear();
  passwords.set("alice", "secret").set("worker", "secret");
  server = new ManagementServer({
    node,
    routes: ROUTES,
    options: {
      pathPrefix: "",
      bodySizeMax: 1000,
      cors: { allowOrigins: [], maxAgeSeconds: 0 },
      headers: {},
      isCompressed: false,
    },
    consoleFiles: new Map([
      ["/", file("<page>", false)],
      ["/assets/index-1.js", file("script", true)],
    ]),
    onUnexpected: (error) => {
      throw error;
    },
  });
  const { address } = await server.listen({
    address: "127.0.0.1",
    port: 0,
    tls: undefined,
    requestTimeoutMs: 5000,
    idleTimeoutMs: 5000,
    keepAliveRequestsMax: 100,
  });
  base = `http://127.0.0.1:${address.port}`;
});

afterEach(() => server.close());

const FROM_CONSOLE = { "x-requested-with": "XMLHttpRequest" };

function logIn(
  username: string,
  password: string,
  headers: Record<string, string> = FROM_CONSOLE,
): Promise<Response> {
  return fetch(`${base}/api/leveret/session`, {
    method: "POST",
    headers,
    body: JSON.stringify({ username, password }),
  });
}

async function cookieOf(username: string): Promise<string> {
  const answer = await logIn(username, "secret");
  return answer.headers.get("set-cookie")?.split(";")[0] ?? "";
}

describe("the console's pages", () => {
  it("forbid what is not theirs, are asked for anew each time, and their files never again", async () => {
    const page = await fetch(`${base}/`);
    expect(await page.text()).toBe("<page>");
    expect(page.headers.get("content-security-policy")).toMatch(
      /default-src 'none'; script-src 'self';/,
    );
    expect(page.headers.get("content-security-policy")).not.toMatch(/unsafe/);
    expect(page.headers.get("cache-control")).toBe("no-cache");
    const asset = await fetch(`${base}/assets/index-1.js`);
    expect(asset.headers.get("cache-control")).toMatch(/immutable/);
  });

  it("are not sent again to a browser that has them, and compressed to one that understands it", async () => {
    const known = await fetch(`${base}/`, { headers: { "if-none-match": '"abc"' } });
    expect(known.status).toBe(304);
    const { headers } = await fetch(`${base}/assets/index-1.js`, {
      method: "HEAD",
      headers: { "accept-encoding": "gzip, br" },
    });
    expect([headers.get("content-encoding"), headers.get("content-length")]).toEqual(["br", "2"]);
    const plain = await fetch(`${base}/assets/index-1.js`, {
      headers: { "accept-encoding": "identity" },
    });
    expect(await plain.text()).toBe("script");
  });

  it("that do not exist are not found", async () => {
    for (const path of ["/assets/none.js", "/assets/..%2Findex.html", "/favicon.ico"]) {
      expect((await fetch(base + path)).status).toBe(404);
    }
  });
});

describe("a login to the console", () => {
  it("opens a session by a cookie that scripts and other sites cannot use", async () => {
    const answer = await logIn("alice", "secret");
    expect(await answer.json()).toEqual({ user: { name: "alice", tags: ["administrator"] } });
    expect(answer.headers.get("set-cookie")).toMatch(
      /^leveret_session_\d+=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const cookie = await cookieOf("alice");
    const who = await fetch(`${base}/api/whoami`, { headers: { cookie } });
    expect(await who.json()).toEqual({ name: "alice" });
  });

  it.each([
    ["a wrong password", "alice", "wrong"],
    ["an unknown user", "bob", "secret"],
    ["a user without a tag", "worker", "secret"],
  ])("is refused for %s without a challenge to the browser", async (_, username, password) => {
    const answer = await logIn(username, password);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBeNull();
    expect(answer.headers.get("set-cookie")).toBeNull();
  });

  it("is refused to forms of other sites, and to bodies that are no login", async () => {
    expect((await logIn("alice", "secret", {})).status).toBe(401);
    for (const body of ["", "[]", '{"username":1}', "x".repeat(20_000)]) {
      const answer = await fetch(`${base}/api/leveret/session`, {
        method: "POST",
        headers: FROM_CONSOLE,
        body,
      });
      expect(answer.status).toBe(400);
    }
  });

  it("is told by the session, also when there is none", async () => {
    const cookie = await cookieOf("alice");
    const session = (headers: Record<string, string>) =>
      fetch(`${base}/api/leveret/session`, { headers }).then((answer) => answer.json());
    expect(await session({ cookie })).toMatchObject({
      user: { name: "alice", tags: ["administrator"] },
    });
    expect(await session({})).toEqual({ user: null, state: "running", awaited: [] });
    expect(await session({ cookie: cookie.replace(/=.*/, "=guessed") })).toMatchObject({
      user: null,
    });
  });

  it("ends with the logout, and with the password", async () => {
    const [first, second] = [await cookieOf("alice"), await cookieOf("alice")];
    const who = (cookie: string) =>
      fetch(`${base}/api/whoami`, { headers: { cookie } }).then(({ status }) => status);
    await fetch(`${base}/api/leveret/session`, {
      method: "DELETE",
      headers: { ...FROM_CONSOLE, cookie: first },
    });
    expect([await who(first), await who(second)]).toEqual([401, 200]);
    passwords.set("alice", "changed");
    expect(await who(second)).toBe(401);
    passwords.set("alice", "secret");
    expect(await who(second)).toBe(401);
  });

  it("lets only requests that come from the console change something", async () => {
    const cookie = await cookieOf("alice");
    const remove = (headers: Record<string, string>) =>
      fetch(`${base}/api/things`, { method: "DELETE", headers }).then(({ status }) => status);
    expect(await remove({ cookie })).toBe(401);
    expect(await remove({ cookie, ...FROM_CONSOLE })).toBe(200);
  });
});
