import { ROUTES } from "@leveret/management";
import { expect, test } from "vitest";
import { ManagedBroker } from "./managed-broker.ts";

test("the API documents all its routes, as OpenAPI and as a page, for anyone", async () => {
  await using broker = await ManagedBroker.start();
  const document = await broker.get("/openapi.json", { auth: undefined });
  const documented = Object.entries<Record<string, unknown>>(document.body.paths).flatMap(
    ([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(documented.toSorted()).toEqual(
    ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted(),
  );
  const page = await broker.get("", { auth: undefined });
  expect(page.headers["content-type"]).toMatch(/^text\/html/);
  for (const { path } of ROUTES) expect(page.body).toContain(`/api${path}`);
});

test("no two routes have the same method and path", () => {
  const names = ROUTES.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`);
  expect(new Set(names).size).toBe(names.length);
});
