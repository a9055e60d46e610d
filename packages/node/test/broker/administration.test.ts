import { describe, expect, test } from "vitest";
import { verifyPassword } from "../../src/auth/password.ts";
import { Administration } from "../../src/broker/administration.ts";
import { importDefinitions } from "../../src/broker/import-definitions.ts";
import { completeSetup, needsDefaults, seedDefaults } from "../../src/broker/seed.ts";
import type { Config } from "../../src/config/config.ts";
import { ConfigError } from "../../src/config/config-error.ts";
import { defaultConfig } from "../../src/config/load-config.ts";
import type { MetadataCommand, MetadataResult } from "../../src/metadata/commands.ts";
import { DefinitionsError } from "../../src/metadata/definitions.ts";
import { LocalMetadata } from "../../src/metadata/metadata-store.ts";
import { recordingLogger } from "../alarm/recording-logger.ts";

const BASE = defaultConfig("hare");
const ALL = { configure: ".*", write: ".*", read: ".*" };
const MIN_LENGTH = { kind: "min_password_length", minLength: 8 } as const;

type Changes = { readonly [K in keyof Config]?: Partial<Config[K]> };

function configOf({ defaults, limits, auth }: Changes): Config {
  return {
    ...BASE,
    defaults: { ...BASE.defaults, ...defaults },
    limits: { ...BASE.limits, ...limits },
    auth: { ...BASE.auth, ...auth },
  };
}

class Rig {
  readonly store = new LocalMetadata();
  readonly metadata = this.store.machine;
  readonly config: Config;
  readonly administration: Administration;

  constructor(changes: Changes = {}) {
    this.config = configOf(changes);
    this.administration = new Administration(this.store, this.config);
  }

  async seed(): Promise<this> {
    await seedDefaults(this.administration, this.config.defaults);
    return this;
  }

  apply(command: MetadataCommand): MetadataResult | undefined {
    return resultOf((done) => this.administration.apply(command, done));
  }

  addVhost(name: string): MetadataResult | undefined {
    return this.apply({ type: "addVhost", name });
  }

  async importDocument(document: object): Promise<void> {
    const source = { json: JSON.stringify(document), source: "d.json" };
    await importDefinitions(this.administration, source, recordingLogger().log);
  }

  async problemsOf(document: object): Promise<readonly string[]> {
    try {
      await this.importDocument(document);
      return [];
    } catch (error) {
      if (error instanceof DefinitionsError) return error.problems;
      throw error;
    }
  }
}

/** In memory, the result is there when the call returns. */
function resultOf(
  start: (done: (result: MetadataResult) => void) => void,
): MetadataResult | undefined {
  let found: MetadataResult | undefined;
  start((result) => {
    found = result;
  });
  return found;
}

describe("vhost_max", () => {
  test("refuses one vhost too many in RabbitMQ's words, and lets existing ones be changed", async () => {
    const rig = await new Rig({ limits: { vhostMax: 2 } }).seed();
    const { metadata } = rig;
    expect(rig.addVhost("a")).toMatchObject({ ok: true });
    expect(rig.addVhost("b")).toEqual({
      ok: false,
      reason: "vhost_limit_exceeded",
      text: "cannot create vhost 'b': vhost limit of 2 is reached",
    });
    expect(rig.apply({ type: "addVhost", name: "a", description: "changed" })).toMatchObject({
      ok: true,
      changed: true,
    });
    expect(metadata.vhosts().map(({ record }) => record.name)).toEqual(["/", "a"]);
  });

  test("counts for definitions, which are told the place of the vhost", async () => {
    const rig = new Rig({ limits: { vhostMax: 1 } });
    expect(await rig.problemsOf({ vhosts: [{ name: "a" }, { name: "b" }] })).toEqual([
      "d.json: vhosts[1]: addVhost refused: cannot create vhost 'b': vhost limit of 1 is reached",
    ]);
  });

  test("of 0 leaves no room for the default vhost", async () => {
    const rig = new Rig({ limits: { vhostMax: 0 } });
    await expect(rig.seed()).rejects.toThrow(ConfigError);
    await expect(rig.seed()).rejects.toThrow(
      "default_vhost: cannot create vhost '/': vhost limit of 0 is reached",
    );
  });
});

describe("what new vhosts are given", () => {
  const vhostLimits = [
    { name: "1", pattern: "^dev", maxConnections: undefined, maxQueues: 10 },
    { name: "2", pattern: ".*", maxConnections: 5, maxQueues: undefined },
  ];
  const operatorPolicies = [
    {
      name: "ttl",
      vhostPattern: "^dev",
      queuePattern: "^q",
      applyTo: "classic_queues",
      definition: { "message-ttl": 1000 },
    },
    {
      name: "length",
      vhostPattern: ".*",
      queuePattern: ".*",
      applyTo: "queues",
      definition: { "max-length": 7 },
    },
  ];
  const users = [
    {
      name: "ann",
      password: "s3cret",
      tags: ["monitoring"],
      vhostPattern: "^dev",
      permissions: { ...ALL, write: "^$" },
    },
    {
      name: "bob",
      password: undefined,
      tags: [],
      vhostPattern: ".*",
      permissions: ALL,
    },
  ];
  const defaults = { vhostLimits, operatorPolicies, users };

  test.each([
    ["the default vhost", (rig: Rig) => rig.seed(), "/"],
    [
      "a vhost that is added later",
      async (rig: Rig) => (await rig.seed()).addVhost("other"),
      "other",
    ],
    [
      "a vhost of definitions",
      (rig: Rig) => rig.importDocument({ vhosts: [{ name: "other" }] }),
      "other",
    ],
  ])(
    "%s gets the limits, operator policies and users that match its name",
    async (_n, make, name) => {
      const rig = new Rig({ defaults });
      await make(rig);
      const { metadata } = rig;
      expect(metadata.vhostLimitsFor(name)).toEqual({ maxConnections: 5, maxQueues: undefined });
      expect(metadata.vhost(name)?.operatorPolicies.map((policy) => policy.name)).toEqual([
        "length",
      ]);
      expect(metadata.permissionsFor("bob", name)).toMatchObject(ALL);
      expect(metadata.user("ann")).toBeUndefined();
      expect(metadata.user("bob")?.passwordHash).toBe("");
    },
  );

  test("of several limits the first that match count, of policies all (RabbitMQ)", async () => {
    const rig = await new Rig({ defaults }).seed();
    rig.addVhost("dev-1");
    const { metadata } = rig;
    expect(metadata.vhostLimitsFor("dev-1")).toEqual({ maxConnections: undefined, maxQueues: 10 });
    expect(metadata.vhost("dev-1")?.operatorPolicies).toEqual([
      expect.objectContaining({ name: "length", applyTo: "queues", pattern: ".*", priority: 0 }),
      expect.objectContaining({
        name: "ttl",
        applyTo: "classic_queues",
        pattern: "^q",
        definition: new Map([["message-ttl", 1000]]),
      }),
    ]);
    const ann = metadata.user("ann");
    expect(ann?.tags).toEqual(["monitoring"]);
    expect(ann === undefined ? false : verifyPassword("s3cret", ann)).toBe(true);
    expect(metadata.permissionsFor("ann", "dev-1")).toMatchObject({ ...ALL, write: "^$" });
    expect(metadata.permissionsFor("ann", "/")).toBeUndefined();
  });

  test("a user of that name stays as it is and is only given permissions", async () => {
    const rig = new Rig({ defaults });
    await rig.importDocument({
      users: [{ name: "ann", password: "of her own", tags: [] }],
      vhosts: [{ name: "dev" }],
    });
    const ann = rig.metadata.user("ann");
    expect(ann === undefined ? false : verifyPassword("of her own", ann)).toBe(true);
    expect(rig.metadata.permissionsFor("ann", "dev")).toMatchObject({ write: "^$" });
  });

  test("an existing vhost that is named again keeps what it has", async () => {
    const rig = await new Rig({ defaults }).seed();
    await completeSetup(rig.administration);
    rig.apply({ type: "clearVhostLimits", vhost: "/" });
    rig.addVhost("/");
    expect(rig.metadata.vhostLimitsFor("/").maxConnections).toBeUndefined();
  });

  test("a vhost whose making a first start did not finish gets what it lacks", async () => {
    const rig = new Rig({ defaults });
    const own = { maxConnections: 9, maxQueues: undefined };
    const before: MetadataCommand[] = [
      { type: "addVhost", name: "dev" },
      {
        type: "setVhostLimits",
        vhost: "dev",
        limits: new Map([["max-connections", 9]]),
        merge: false,
      },
    ];
    for (const command of before) rig.store.submit(command, () => undefined);
    await rig.importDocument({ vhosts: [{ name: "dev" }] });
    const { metadata } = rig;
    expect(metadata.vhostLimitsFor("dev")).toEqual(own);
    expect(metadata.vhost("dev")?.operatorPolicies.map(({ name }) => name)).toEqual([
      "length",
      "ttl",
    ]);
    expect(metadata.permissionsFor("ann", "dev")).toMatchObject({ write: "^$" });
  });

  test("a vhost of an unfinished first start that cannot be given its defaults stays", () => {
    const rig = new Rig({ defaults: { users }, auth: { credentialValidator: MIN_LENGTH } });
    rig.store.submit({ type: "addVhost", name: "dev" }, () => undefined);
    expect(rig.addVhost("dev")).toMatchObject({ reason: "credential_validation_failed" });
    expect(rig.metadata.vhost("dev")).toBeDefined();
  });

  test("a vhost that cannot be given its defaults is not made", () => {
    const rig = new Rig({ defaults: { users }, auth: { credentialValidator: MIN_LENGTH } });
    expect(rig.addVhost("dev")).toEqual({
      ok: false,
      reason: "credential_validation_failed",
      text: "default_users.ann: minimum required password length is 8",
    });
    expect(rig.metadata.vhosts()).toEqual([]);
  });
});

describe("credential_validator", () => {
  const auth = { credentialValidator: MIN_LENGTH };

  test("refuses passwords in clear of definitions, with their place, and takes hashes as they are", async () => {
    const rig = new Rig({ auth });
    const short = { name: "a", password: "short", tags: [] };
    const hashed = { name: "b", password_hash: "c2FsdA==", tags: [] };
    expect(await rig.problemsOf({ users: [hashed, short] })).toEqual([
      "d.json: users[1].password: minimum required password length is 8",
    ]);
    expect(rig.metadata.users()).toEqual([]);
    await rig.importDocument({ users: [hashed, { ...short, password: "long enough" }] });
    expect(rig.metadata.users().map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("lets guest be, and refuses a first user of one's own choice", async () => {
    expect((await new Rig({ auth }).seed()).metadata.user("guest")).toBeDefined();
    const own = new Rig({ auth, defaults: { user: "admin", password: "short" } });
    await expect(own.seed()).rejects.toThrow("default_pass: minimum required password length is 8");
  });

  test("refuses users that are added later", () => {
    const { administration, metadata } = new Rig({ auth });
    const user = { name: "a", password: "short", tags: [] };
    expect(resultOf((done) => administration.putUser(user, done))).toEqual({
      ok: false,
      reason: "credential_validation_failed",
      text: "minimum required password length is 8",
    });
    expect(metadata.user("a")).toBeUndefined();
  });
});

test("password_hashing_module is for passwords in clear, and not for hashes", async () => {
  const rig = new Rig({ auth: { passwordHashing: "sha512" } });
  await rig.importDocument({
    users: [
      { name: "clear", password: "secret", tags: [] },
      { name: "hashed", password_hash: "c2FsdA==", tags: [] },
    ],
  });
  const algorithmOf = (name: string): unknown => rig.metadata.user(name)?.hashingAlgorithm;
  expect(algorithmOf("clear")).toBe("rabbit_password_hashing_sha512");
  expect(algorithmOf("hashed")).toBe("rabbit_password_hashing_sha256");
});

describe("definitions are held to the rules of declarations", () => {
  const queue = (args: object) => ({
    vhosts: [{ name: "/" }],
    queues: [{ name: "q", vhost: "/", durable: true, auto_delete: false, arguments: args }],
  });
  const exchange = (type: string, args: object = {}) => ({
    vhosts: [{ name: "/" }],
    exchanges: [
      {
        name: "x",
        vhost: "/",
        type,
        durable: true,
        auto_delete: false,
        internal: false,
        arguments: args,
      },
    ],
  });

  test.each([
    [
      "a queue's argument",
      queue({ "x-message-ttl": -5 }),
      "d.json: queues[0]: declareQueue refused: PRECONDITION_FAILED - " +
        "invalid arg 'x-message-ttl' for queue 'q' in vhost '/': {value_negative,-5}",
    ],
    [
      "an exchange's type",
      exchange("zzz"),
      "d.json: exchanges[0]: declareExchange refused: PRECONDITION_FAILED - unknown exchange type 'zzz'",
    ],
    [
      "an exchange's argument",
      exchange("direct", { "alternate-exchange": 5 }),
      "d.json: exchanges[0]: declareExchange refused: PRECONDITION_FAILED - " +
        "invalid type 'long' for arg 'alternate-exchange' in exchange 'x' in vhost '/'",
    ],
    [
      "a binding's argument",
      {
        ...queue({}),
        bindings: [
          {
            source: "amq.headers",
            vhost: "/",
            destination: "q",
            destination_type: "queue",
            routing_key: "",
            arguments: { "x-match": "some" },
          },
        ],
      },
      "d.json: bindings[0]: bind refused: PRECONDITION_FAILED - " +
        'Invalid x-match field value <<"some">>; expected all, any, all-with-x, or any-with-x',
    ],
  ])("%s", async (_what, document, problem) => {
    expect(await new Rig().problemsOf(document)).toEqual([problem]);
  });
});

describe("the default data", () => {
  test("is made once, also if the first start ended in the middle of it", async () => {
    const rig = new Rig();
    expect(needsDefaults(rig.metadata)).toBe(true);
    rig.addVhost("/"); // The first start got so far.
    expect(needsDefaults(rig.metadata)).toBe(true);
    await rig.seed();
    await completeSetup(rig.administration);
    expect(needsDefaults(rig.metadata)).toBe(false);
    rig.apply({ type: "deleteUser", name: "guest" });
    expect(needsDefaults(rig.metadata)).toBe(false);
  });

  test("comes back to a broker that nobody could use (RabbitMQ)", async () => {
    const rig = await new Rig().seed();
    await completeSetup(rig.administration);
    rig.apply({ type: "deleteUser", name: "guest" });
    rig.apply({ type: "deleteVhost", name: "/" });
    expect(needsDefaults(rig.metadata)).toBe(true);
  });
});
