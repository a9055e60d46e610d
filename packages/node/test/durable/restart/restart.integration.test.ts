import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type EmbeddedBroker, startBroker } from "../../../src/index.ts";
import { launchLeveret, type StartedBroker } from "../crash/broker-launcher.ts";
import recorded from "./recorded.json" with { type: "json" };
import { observe, RESTART_SCENARIOS, type RestartableBroker } from "./restart-scenarios.ts";

/** What RabbitMQ 3.10.8 did in these scenarios (recorded with the same client), stopped and killed. */
const RECORDED: Record<string, { readonly stop: string[]; readonly kill: string[] }> = recorded;

/** A process that starts and dies several times takes seconds on a busy machine. */
const KILL_MAX_MS = 60_000;

/** A broker in this process on a data directory, stopped and started again. */
class EmbeddedLives implements RestartableBroker {
  readonly #directory: string;
  #broker: EmbeddedBroker | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get url(): string {
    return this.#broker?.url ?? "";
  }

  async restart(): Promise<void> {
    await this.#broker?.stop();
    this.#broker = await startBroker({ dataDir: this.#directory });
  }

  async end(): Promise<void> {
    await this.#broker?.stop();
  }
}

/** A broker process on a data directory, killed and started again. */
class KilledLives implements RestartableBroker {
  readonly #launch: () => StartedBroker;
  #broker: StartedBroker | undefined;
  url = "";

  constructor(directory: string) {
    this.#launch = launchLeveret(directory, { program: PROGRAM });
  }

  async restart(): Promise<void> {
    await this.#broker?.kill();
    this.#broker = this.#launch();
    this.url = await this.#broker.ready();
  }

  async end(): Promise<void> {
    await this.#broker?.kill();
  }
}

const PROGRAM = [join(import.meta.dirname, "../../../dist/main.js")];

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "leveret-restart-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe("after a stop and a start, as RabbitMQ 3.10.8", () => {
  test.each(RESTART_SCENARIOS)("$name", async (scenario) => {
    const lives = new EmbeddedLives(directory);
    await lives.restart();
    try {
      expect(await observe(scenario, lives)).toEqual(RECORDED[scenario.name]?.stop);
    } finally {
      await lives.end();
    }
  });
});

/** RabbitMQ itself marks everything as redelivered then, and may have lost the queue that was declared last (recorded.json). */
describe("after SIGKILL, as RabbitMQ 3.10.8 after a stop", () => {
  test.each(RESTART_SCENARIOS.filter(({ endsWithAcks }) => endsWithAcks !== true))(
    "$name",
    async (scenario) => {
      const lives = new KilledLives(directory);
      await lives.restart();
      try {
        expect(await observe(scenario, lives)).toEqual(RECORDED[scenario.name]?.stop);
      } finally {
        await lives.end();
      }
    },
    KILL_MAX_MS,
  );
});
