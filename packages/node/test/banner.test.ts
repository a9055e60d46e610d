import { describe, expect, test } from "vitest";
import { type BannerFacts, formatBanner } from "../src/banner.ts";

const FACTS: BannerFacts = {
  productName: "Leveret",
  productVersion: "0.1.0",
  rabbitmqVersion: "3.13.7",
  nodeName: "rabbit@hare",
  listeners: [
    { protocol: "amqp", address: "::", port: 5672 },
    { protocol: "amqps", address: "127.0.0.1", port: 5671 },
  ],
  dataDir: undefined,
  configFiles: ["/etc/leveret.conf"],
  definitions: ["/etc/definitions.json"],
  logs: ["stdout"],
  memoryLimit: 400 * 1024 * 1024,
  memoryTotal: 1000 * 1024 * 1024,
  diskFreeLimit: undefined,
  url: "amqp://guest:guest@localhost:5672",
};

describe("the banner", () => {
  test("tells a person what listens where, and how to connect", () => {
    expect(formatBanner(FACTS, { colors: false })).toBe(`
  Leveret 0.1.0  AMQP 0-9-1 as RabbitMQ 3.13.7

  Node           rabbit@hare
  Listening      amqp on [::]:5672
                 amqps on 127.0.0.1:5671
  Data           in memory: gone when the broker stops
  Configuration  /etc/leveret.conf
  Definitions    /etc/definitions.json
  Log            stdout
  Memory         publishers blocked above 400 MiB of 1000 MiB
  Disk           not watched

  Connect with amqp://guest:guest@localhost:5672

`);
  });

  test("says so if there is nothing to say", () => {
    const bare = formatBanner(
      {
        ...FACTS,
        listeners: [],
        configFiles: [],
        definitions: [],
        logs: [],
        url: undefined,
        diskFreeLimit: 50e6,
      },
      { colors: false },
    );
    expect(bare).toContain("Listening      nowhere\n");
    expect(bare).toContain("Configuration  defaults\n");
    expect(bare).toContain("Log            none\n");
    expect(bare).toContain("Disk           publishers blocked below 48 MiB free\n");
    expect(bare).not.toContain("Definitions");
    expect(bare).not.toContain("Connect with");
  });

  test("has the same text with colours", () => {
    const colored = formatBanner(FACTS, { colors: true });
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g");
    expect(colored).toMatch(escapes);
    expect(colored.replace(escapes, "")).toBe(formatBanner(FACTS, { colors: false }));
  });
});
