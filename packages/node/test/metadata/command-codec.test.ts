import { EMPTY_TABLE, type FieldTable, longstr } from "@leveret/amqp";
import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import {
  decodeMetadataCommand,
  encodeMetadataCommand,
} from "../../src/metadata/codec/command-codec.ts";
import { MetadataCodecError } from "../../src/metadata/codec/fields.ts";
import type { MetadataCommand } from "../../src/metadata/commands.ts";
import { administration, membership, topology } from "./random-commands.ts";

const hex = (command: MetadataCommand): string =>
  Buffer.from(encodeMetadataCommand(command)).toString("hex");
const pack = (value: unknown): Uint8Array => new Packr({ useRecords: false }).pack(value);

/** One command of each type, and the bytes that every later version has to understand. */
const GOLDEN: readonly [MetadataCommand, string][] = [
  [
    {
      type: "addVhost",
      name: "v",
      description: "d",
      tags: ["t"],
      defaultQueueType: "quorum",
      tracing: true,
    },
    "970101a176a16491a174a671756f72756dc3",
  ],
  [{ type: "addVhost", name: "v" }, "970101a176c0c0c0c0"],
  [{ type: "addVhost", name: "v", isProtected: true }, "980101a176c0c0c0c0c3"],
  [{ type: "deleteVhost", name: "v" }, "930102a176"],
  [
    { type: "setVhostLimits", vhost: "v", limits: new Map([["max-queues", -1]]), merge: true },
    "950103a176b35b5b226d61782d717565756573222c2d315d5dc3",
  ],
  [{ type: "clearVhostLimits", vhost: "v", limit: undefined }, "940104a176c0"],
  [
    {
      type: "addUser",
      name: "u",
      passwordHash: "AAAA",
      hashingAlgorithm: "rabbit_password_hashing_sha256",
      tags: ["administrator"],
    },
    "960105a175a441414141be7261626269745f70617373776f72645f68617368696e675f73686132353691ad61646d696e6973747261746f72",
  ],
  [
    {
      type: "putUser",
      name: "u",
      passwordHash: "",
      hashingAlgorithm: "rabbit_password_hashing_md5",
      tags: [],
    },
    "960106a175a0bb7261626269745f70617373776f72645f68617368696e675f6d643590",
  ],
  [{ type: "deleteUser", name: "u" }, "930107a175"],
  [{ type: "setUserTags", name: "u", tags: ["a", "b"] }, "940108a17592a161a162"],
  [
    {
      type: "setUserPassword",
      name: "u",
      passwordHash: "AAAA",
      hashingAlgorithm: "rabbit_password_hashing_sha512",
    },
    "950109a175a441414141be7261626269745f70617373776f72645f68617368696e675f736861353132",
  ],
  [
    { type: "setUserLimits", name: "u", limits: new Map([["max-channels", 2]]) },
    "94010aa175b45b5b226d61782d6368616e6e656c73222c325d5d",
  ],
  [
    { type: "clearUserLimits", name: "u", limit: "max-channels" },
    "94010ba175ac6d61782d6368616e6e656c73",
  ],
  [
    { type: "setPermissions", user: "u", vhost: "v", configure: "^a", write: ".*", read: "" },
    "97010ca175a176a25e61a22e2aa0",
  ],
  [{ type: "clearPermissions", user: "u", vhost: "v" }, "94010da175a176"],
  [
    {
      type: "setTopicPermissions",
      user: "u",
      vhost: "v",
      exchange: "amq.topic",
      write: "w",
      read: "r",
    },
    "97010ea175a176a9616d712e746f706963a177a172",
  ],
  [
    { type: "clearTopicPermissions", user: "u", vhost: "v", exchange: undefined },
    "95010fa175a176c0",
  ],
  [
    {
      type: "setPolicy",
      vhost: "v",
      name: "p",
      pattern: "^q",
      applyTo: "queues",
      priority: 1,
      definition: new Map([["max-length", 5]]),
    },
    "980110a176a170a25e71a671756575657301b25b5b226d61782d6c656e677468222c355d5d",
  ],
  [
    {
      type: "setOperatorPolicy",
      vhost: "v",
      name: "p",
      pattern: ".*",
      applyTo: "all",
      priority: -3.5,
      definition: new Map(),
    },
    "980111a176a170a22e2aa3616c6ccbc00c000000000000a25b5d",
  ],
  [{ type: "clearPolicy", vhost: "v", name: "p" }, "940112a176a170"],
  [{ type: "clearOperatorPolicy", vhost: "v", name: "p" }, "940113a176a170"],
  [
    {
      type: "setParameter",
      vhost: "v",
      component: "shovel",
      name: "s",
      value: { b: [1, null], a: "x" },
    },
    "960114a176a673686f76656ca173b67b2262223a5b312c6e756c6c5d2c2261223a2278227d",
  ],
  [
    { type: "clearParameter", vhost: "v", component: "shovel", name: "s" },
    "950115a176a673686f76656ca173",
  ],
  [
    { type: "setGlobalParameter", name: "cluster_name", value: "c" },
    "940116ac636c75737465725f6e616d65a3226322",
  ],
  [{ type: "clearGlobalParameter", name: "cluster_name" }, "930117ac636c75737465725f6e616d65"],
  [
    {
      type: "declareExchange",
      exchange: {
        vhost: "v",
        name: "x",
        type: "topic",
        durable: true,
        autoDelete: false,
        internal: true,
        arguments: new Map([["alternate-exchange", longstr("y")]]),
      },
    },
    "93011897a176a178a5746f706963c3c2c3c41d0000001912616c7465726e6174652d65786368616e6765530000000179",
  ],
  [{ type: "deleteExchange", vhost: "v", name: "x", ifUnused: true }, "950119a176a178c3"],
  [
    {
      type: "declareQueue",
      queue: {
        vhost: "v",
        name: "q",
        type: "classic",
        durable: false,
        autoDelete: true,
        exclusiveOwner: 70_000,
        arguments: new Map([["x-max-length", { type: "long", value: 9 }]]),
        groupId: undefined,
      },
    },
    "93011a98a176a171a7636c6173736963c2c3ce00011170c41a000000160c782d6d61782d6c656e6774686c0000000000000009c0",
  ],
  [{ type: "deleteQueue", vhost: "v", name: "q" }, "94011ba176a171"],
  [
    {
      type: "bind",
      binding: {
        vhost: "v",
        source: "x",
        destination: "q",
        destinationType: "queue",
        routingKey: "k",
        arguments: EMPTY_TABLE,
      },
    },
    "93011c96a176a178a171a57175657565a16bc40400000000",
  ],
  [
    {
      type: "unbind",
      binding: {
        vhost: "v",
        source: "x",
        destination: "y",
        destinationType: "exchange",
        routingKey: "",
        arguments: EMPTY_TABLE,
      },
    },
    "93011d96a176a178a179a865786368616e6765a0c40400000000",
  ],
  [{ type: "dropTransient" }, "92011e"],
  [{ type: "completeSetup" }, "92011f"],
  [{ type: "dropTransient", nodeId: 2 }, "93011e02"],
  [{ type: "addMember", name: "a@h", address: "h:1" }, "940120a3614068a3683a31"],
  [{ type: "removeMember", nodeId: 2 }, "93012102"],
  [{ type: "memberStarted", nodeId: 2, name: "a@h", address: "h:1" }, "95012202a3614068a3683a31"],
  [{ type: "memberStopping", nodeId: 2 }, "93012302"],
  [{ type: "placeQueue", vhost: "v", name: "q", replicas: [1, 2] }, "950124a176a171920102"],
  [
    {
      type: "declareQueue",
      queue: {
        vhost: "v",
        name: "q",
        type: "classic",
        durable: true,
        autoDelete: false,
        exclusiveOwner: undefined,
        arguments: EMPTY_TABLE,
        groupId: undefined,
        home: 3,
        replicas: [
          { nodeId: 3, generation: 1 },
          { nodeId: 1, generation: 2 },
        ],
        nextGeneration: 3,
      },
    },
    "93011a9ba176a171a7636c6173736963c3c2c0c40400000000c003940301010203",
  ],
];

describe("commands of the metadata", () => {
  test.each(GOLDEN.map(([command, bytes]) => [command.type, command, bytes] as const))(
    "%s has bytes that never change",
    (_type, command, bytes) => {
      expect(hex(command)).toBe(bytes);
      expect(decodeMetadataCommand(Buffer.from(bytes, "hex"))).toEqual(command);
    },
  );

  test("are all what they were when decoded", () => {
    fc.assert(
      fc.property(fc.oneof(topology, administration, membership), (command) => {
        const decoded = decodeMetadataCommand(encodeMetadataCommand(command));
        expect(decoded).toEqual(command);
        expect(hex(decoded)).toBe(hex(command));
      }),
      { numRuns: 500 },
    );
  });

  test("keep every type of an argument, and the order of keys", () => {
    const table: FieldTable = new Map([
      ["z", { type: "timestamp", value: 1 }],
      ["a", { type: "unsignedbyte", value: 255 }],
      ["big", { type: "long", value: 2n ** 62n }],
      ["f", { type: "float", value: 0.5 }],
      ["bytes", { type: "binary", value: Buffer.from([0, 255]) }],
      ["list", { type: "array", value: [{ type: "void", value: null }] }],
      ["inner", { type: "table", value: new Map([["t", { type: "bool", value: true }]]) }],
    ]);
    const exchange = {
      vhost: "v",
      name: "x",
      type: "direct",
      durable: true,
      autoDelete: false,
      internal: false,
      arguments: table,
    };
    const command = { type: "declareExchange", exchange } as const;
    const decoded = decodeMetadataCommand(encodeMetadataCommand(command));
    expect(decoded).toEqual(command);
    expect(decoded.type === "declareExchange" && [...decoded.exchange.arguments.keys()]).toEqual([
      ...table.keys(),
    ]);
  });

  test("keep keys of JSON that a careless dictionary would lose", () => {
    const value = JSON.parse('{"b":1,"2":0,"__proto__":{"x":1},"constructor":null}');
    const command = { type: "setGlobalParameter", name: "__proto__", value } as const;
    const decoded = decodeMetadataCommand(encodeMetadataCommand(command));
    expect(JSON.stringify(decoded)).toBe(JSON.stringify(command));
  });

  test("may have fields behind those that are known: a later version added them", () => {
    const bytes = pack([1, 2, "v", "of a later version"]);
    expect(decodeMetadataCommand(bytes)).toEqual({ type: "deleteVhost", name: "v" });
  });

  test.each<[string, unknown, string]>([
    ["a later version", [2, 2, "v"], "version 2; this program knows 1"],
    ["an unknown type", [1, 99, "v"], "unknown type 99"],
    ["a missing field", [1, 4, "v"], "ends after 3 fields"],
    ["a field of another kind", [1, 2, 7], "field 2 should be a text, but is a number"],
    ["an unknown word", [1, 9, "u", "", "rot13"], "should be one of"],
    ["no list", { version: 1 }, "not a list"],
    ["a record that is none", [1, 28, "x"], "not a list"],
    ["a malformed table", [1, 24, ["v", "x", "t", true, true, true, Buffer.of(9)]], "malformed"],
    ["malformed JSON", [1, 22, "p", "{"], "malformed JSON"],
    ["a list of JSON that has no pairs", [1, 10, "u", "[1]"], "a pair"],
  ])("with %s are refused", (_what, value, text) => {
    expect(() => decodeMetadataCommand(pack(value))).toThrow(
      expect.objectContaining({
        name: "MetadataCodecError",
        message: expect.stringContaining(text),
      }),
    );
  });

  test("of random bytes, or cut or changed ones, are refused or read, without another error", () => {
    const start = fc.constantFrom(...GOLDEN.map(([command]) => encodeMetadataCommand(command)));
    const changed = fc
      .tuple(start, fc.nat(), fc.nat(255), fc.nat())
      .map(([bytes, at, value, cut]) => {
        const copy = bytes.slice();
        copy[at % copy.length] = value;
        return copy.subarray(0, cut % 3 === 0 ? cut % copy.length : copy.length);
      });
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 64 })), (bytes) => {
        try {
          decodeMetadataCommand(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MetadataCodecError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
