import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { ManagedBroker } from "./managed-broker.ts";

/** An address of this machine at which it is not its own loopback; a sandbox without a network has none. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

const headers = { authorization: `Basic ${Buffer.from("guest:guest").toString("base64")}` };

test.skipIf(outside === undefined)(
  "guest is let in from the loopback only, whatever a proxy's header says",
  async () => {
    await using broker = await ManagedBroker.start({
      configure: (config) => ({
        ...config,
        management: {
          ...config.management,
          listeners: config.management.listeners.map((listener) => ({
            ...listener,
            address: "0.0.0.0",
          })),
        },
      }),
    });
    const status = async (address: string, more: Record<string, string> = {}) => {
      const answer = await fetch(`http://${address}:${broker.port}/api/whoami`, {
        headers: { ...headers, ...more },
      });
      return { status: answer.status, body: await answer.json() };
    };
    expect((await status("127.0.0.1")).status).toBe(200);
    const refused = await status(outside as string);
    expect(refused.status).toBe(401);
    expect(refused.body).toMatchObject({ error: "not_authorized" });
    expect(
      (
        await status(outside as string, {
          "x-forwarded-for": "127.0.0.1",
          forwarded: "for=127.0.0.1",
        })
      ).status,
    ).toBe(401);
  },
);
