import { expect, test } from "vitest";
import { startCluster } from "../../src/index.ts";
import { ManagedBroker } from "./managed-broker.ts";
import { sendRequest } from "./send-request.ts";

test("logins are counted by protocol until they are reset", async () => {
  await using broker = await ManagedBroker.start();
  const path = "/auth/attempts/rabbit@localhost";
  await broker.get("/whoami", { auth: "guest:wrong" });
  await broker.get("/whoami");
  expect((await broker.get(path)).body).toEqual([
    { protocol: "http", auth_attempts: 3, auth_attempts_failed: 1, auth_attempts_succeeded: 2 },
  ]);
  expect((await broker.ask("DELETE", path)).status).toBe(204);
  expect((await broker.get(path)).body[0].auth_attempts).toBe(1);
  expect((await broker.get(`${path}/source`)).body).toEqual([]);
  expect((await broker.get("/auth/attempts/nosuch")).status).toBe(404);
  expect((await broker.ask("DELETE", "/auth/attempts/nosuch")).status).toBe(404);
});

test("any node tells those of another one", { timeout: 30_000 }, async () => {
  await using cluster = await startCluster(2, { management: true });
  const [first, second] = [cluster.node(0), cluster.node(1)];
  const ask = (method: string, port: number) =>
    sendRequest(port, method, `/api/auth/attempts/${second.name}`, { auth: "guest:guest" });
  await ask("GET", second.managementPort);
  expect((await ask("GET", first.managementPort)).body[0].auth_attempts).toBe(1);
  expect((await ask("DELETE", first.managementPort)).status).toBe(204);
  expect((await ask("GET", first.managementPort)).body).toEqual([]);
});
