import { expect, test } from "vitest";
import { importDefinitions } from "../../src/broker/import-definitions.ts";
import { AuthRig, errorOf } from "./auth-rig.ts";

/** Slow on purpose, and slower beside other tests. */
const SLOW_MS = 60_000;
const SCRYPT = "leveret_password_hashing_scrypt";
const ALL = { configure: ".*", write: ".*", read: ".*" };

test("new users have scrypt hashes if so configured, and log in like others", {
  timeout: SLOW_MS,
}, async () => {
  await using rig = await AuthRig.start({ passwordHashing: "scrypt" });
  const { administration, broker } = rig.node;
  const user = { name: "ann", password: "secret", tags: [] };
  await new Promise((done) => administration.putUser(user, done));
  const json = JSON.stringify({
    users: [{ name: "bob", password: "of bob", tags: [] }],
    permissions: [
      { user: "ann", vhost: "/", ...ALL },
      { user: "bob", vhost: "/", ...ALL },
    ],
  });
  await importDefinitions(administration, { json, source: "x" }, broker.log);
  for (const name of ["ann", "bob", "guest"]) {
    expect(administration.metadata.user(name)?.hashingAlgorithm).toBe(SCRYPT);
  }
  const logins = ["secret", "secret", "secret"].map((password) => rig.connect("ann", password));
  for (const connection of await Promise.all(logins)) await connection.close();
  const connection = await rig.connect("bob", "of bob");
  await connection.close();
  expect(await errorOf(rig.connect("ann", "of bob"))).toMatch(/ACCESS.REFUSED/);
  expect(broker.authAttempts.byProtocol()).toEqual([
    { protocol: "amqp091", succeeded: 4, failed: 1 },
  ]);
});

test("their hashes may be exported and imported again", { timeout: SLOW_MS }, async () => {
  await using first = await AuthRig.start({ passwordHashing: "scrypt" });
  const user = { name: "ann", password: "secret", tags: [] };
  await new Promise((done) => first.node.administration.putUser(user, done));
  const record = first.node.administration.metadata.user("ann");
  const json = JSON.stringify({
    users: [
      {
        name: "ann",
        password_hash: record?.passwordHash,
        hashing_algorithm: record?.hashingAlgorithm,
        tags: [],
      },
    ],
    permissions: [{ user: "ann", vhost: "/", ...ALL }],
  });
  await using second = await AuthRig.start({});
  await importDefinitions(
    second.node.administration,
    { json, source: "x" },
    second.node.broker.log,
  );
  const connection = await second.connect("ann", "secret");
  await connection.close();
});
