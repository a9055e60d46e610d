import { readFileSync } from "node:fs";
import { ROUTES, type Route } from "@leveret/management";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ManagedBroker } from "./managed-broker.ts";

/** Who asks, by the login used. Each of those with a name has permissions in vhost "own", and in no other. */
const ROLES = [
  "nobody",
  "untagged",
  "management",
  "policymaker",
  "monitoring",
  "administrator",
] as const;
type Role = (typeof ROLES)[number];

/** Who may use a route, written down once more and by role: in the vhost that the user may enter, and in another one. */
const MAY: Readonly<Record<Route["may"], { readonly own: string; readonly other: string }>> = {
  anyone: {
    own: "nobody untagged management policymaker monitoring administrator",
    other: "nobody untagged management policymaker monitoring administrator",
  },
  user: {
    own: "management policymaker monitoring administrator",
    other: "management policymaker monitoring administrator",
  },
  monitoring: { own: "monitoring administrator", other: "monitoring administrator" },
  policymaker: { own: "policymaker administrator", other: "policymaker administrator" },
  administrator: { own: "administrator", other: "administrator" },
  vhost: { own: "management policymaker monitoring administrator", other: "administrator" },
  "visible vhost": {
    own: "management policymaker monitoring administrator",
    other: "monitoring administrator",
  },
  "vhost policymaker": { own: "policymaker administrator", other: "administrator" },
};

/** Handlers of these decide themselves: whose the object is, or whether a login is right. */
const JUDGED_BY_HANDLER: ReadonlySet<string> = new Set([
  "/user-limits/{user}",
  "/connections/username/{username}",
  "/login",
  // What is done in a vhost needs permissions of AMQP, of administrators, too.
  "/aliveness-test/{vhost}",
  "/leveret/queues/{vhost}/{name}/peek",
  "/leveret/queues/{vhost}/{name}/tail",
]);

let broker: ManagedBroker;

beforeAll(async () => {
  broker = await ManagedBroker.start();
});

/** Some routes take vhosts away. */
beforeEach(async () => {
  for (const vhost of ["own", "other"]) await broker.ask("PUT", `/vhosts/${vhost}`);
  // Its maker has got permissions there; this one is to have none in "other".
  await broker.ask("DELETE", "/permissions/other/guest");
  for (const role of ROLES) {
    const tags = role === "untagged" ? "" : role;
    await broker.ask("PUT", `/users/${role}`, { body: { password: "p", tags } });
    const all = { configure: ".*", write: ".*", read: ".*" };
    await broker.ask("PUT", `/permissions/own/${role}`, { body: all });
  }
});

afterAll(async () => {
  await broker[Symbol.asyncDispose]();
});

describe.each(ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))(
  "%s",
  (_name, route) => {
    test.each(["own", "other"] as const)("is for those who may (vhost: %s)", async (vhost) => {
      const allowed = MAY[route.may][vhost].split(" ");
      const found: string[] = [];
      for (const role of ROLES) if (await isAllowed(role, route, vhost)) found.push(role);
      if (!JUDGED_BY_HANDLER.has(route.path))
        expect(found).toEqual(ROLES.filter((role) => allowed.includes(role)));
    });
  },
);

/** Where we let others in than RabbitMQ does, with the reason. */
const OTHERS_THAN_RABBITMQ: ReadonlyMap<string, string> = new Map([
  ["GET /vhosts/{vhost}", "it shows no more than GET /vhosts, which is for all users"],
  [
    "GET /feature-flags",
    "for all users since RabbitMQ 3.11: tools look there before they use a feature",
  ],
]);

test("the table lets those in whom RabbitMQ 3.10.8 let in", () => {
  const recorded = JSON.parse(
    readFileSync(new URL("recorded/permissions.json", import.meta.url), "utf8"),
  ) as Record<string, { readonly own: string; readonly other: string }>;
  const different = ROUTES.flatMap(({ method, path, may }) => {
    const name = `${method} ${path}`;
    const theirs = recorded[name];
    if (theirs === undefined || JUDGED_BY_HANDLER.has(path)) return [];
    return theirs.own === MAY[may].own && theirs.other === MAY[may].other ? [] : [name];
  });
  expect(different.toSorted()).toEqual([...OTHERS_THAN_RABBITMQ.keys()].toSorted());
});

test("a role that is not allowed is told so in RabbitMQ's words", async () => {
  const asked = (path: string, role: Role) => broker.get(path, { auth: `${role}:p` });
  const told = async (path: string, role: Role) => (await asked(path, role)).body;
  const refused = (reason: string) => ({ error: "not_authorised", reason });
  expect(await told("/users", "monitoring")).toEqual(refused("Not administrator user"));
  expect(await told("/nodes", "management")).toEqual(refused("Not monitor user"));
  expect(await told("/policies/other", "management")).toEqual(
    refused("User not authorised to access virtual host"),
  );
  expect(await told("/parameters", "management")).toEqual(
    refused("User not authorised to access object"),
  );
  expect(await told("/overview", "untagged")).toEqual({
    error: "not_authorized",
    reason: "Login failed",
  });
});

/** What the path names besides the vhost is not there, so that little is changed; whether the user may is decided before. */
async function isAllowed(role: Role, route: Route, vhost: string): Promise<boolean> {
  const path = route.path.replace("{vhost}", vhost).replaceAll(/\{\w+\}/g, "missing");
  const auth = role === "nobody" ? undefined : `${role}:p`;
  // Not JSON: no handler that wants a body gets that far.
  const body = route.body === undefined ? undefined : "not json";
  const { status } = await broker.ask(route.method, path, { auth, body });
  return status !== 401;
}
