import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import { nodeAddress } from "../src/node-address.ts";

describe("the node that is asked", () => {
  test.each([
    ["RABBITMQ_USE_LONGNAME is not set", {}, hostname().split(".")[0]],
    ["it is true", { RABBITMQ_USE_LONGNAME: "true" }, hostname()],
    ["it is false", { RABBITMQ_USE_LONGNAME: "false" }, hostname().split(".")[0]],
  ])("is on this machine, by its short or whole name: %s", (_name, env, host) => {
    expect(nodeAddress(undefined, env)).toMatchObject({ name: `rabbit@${host}`, host });
  });

  test("is the one of RABBITMQ_NODENAME, unless another one is given", () => {
    const env = { RABBITMQ_NODENAME: "bunny@burrow", RABBITMQ_DIST_PORT: "25673" };
    expect(nodeAddress(undefined, env)).toMatchObject({ name: "bunny@burrow", port: 25673 });
    const given = nodeAddress("rabbit@warren:1234", env);
    expect(given).toMatchObject({ name: "rabbit@warren", port: 1234, hasPort: true });
  });
});
