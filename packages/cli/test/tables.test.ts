import { expect, test } from "vitest";
import { type Cell, cellJson, cellText } from "../src/cell.ts";
import { runTool } from "./run-tool.ts";

/** A table of AMQP with one entry of each kind, as the node sends it. */
const TABLE: Cell = {
  table: [
    ["x-queue-type", "longstr", "quorum"],
    ["x-delivery-limit", "signedint", 5],
    ["x-single-active-consumer", "bool", true],
    ["nested", "table", { table: [["basic.nack", "bool", true]] }],
    [
      "list",
      "array",
      {
        array: [
          ["signedint", 1],
          ["longstr", "a"],
        ],
      },
    ],
    ["nothing", "void", null],
  ],
};

test("tables are printed as pairs, names in lists bare (RabbitMQ 3.10.8)", () => {
  expect(cellText(TABLE)).toBe(
    '[{"x-queue-type","quorum"},{"x-delivery-limit",5},{"x-single-active-consumer",true},{"nested",[{"basic.nack",true}]},{"list",[1,"a"]},{"nothing",undefined}]',
  );
  expect(cellText(["production", "eu"])).toBe("[production, eu]");
  expect(cellText({ pairs: [["rabbit@localhost", "running"]] })).toBe(
    "[{rabbit@localhost, running}]",
  );
  expect(cellText(null)).toBe("");
});

test("JSON keeps the types of tables", () => {
  expect(cellJson(TABLE)).toEqual([
    ["x-queue-type", "longstr", "quorum"],
    ["x-delivery-limit", "signedint", 5],
    ["x-single-active-consumer", "bool", true],
    ["nested", "table", [["basic.nack", "bool", true]]],
    [
      "list",
      "array",
      [
        ["signedint", 1],
        ["longstr", "a"],
      ],
    ],
    ["nothing", "void", null],
  ]);
  expect(cellJson(null)).toBe("");
});

test("a tab in a name does not look like a column", async () => {
  const { out } = await runTool(["list_queues", "-s", "name", "messages"], {
    answers: { list_queues: [["a\tb\n", 1]] },
  });
  expect(out).toBe("a\\011b\\012\t1\n");
});

test("an empty listing has no header; JSON is a list all the same", async () => {
  expect((await runTool(["list_queues", "-q"])).out).toBe("");
  expect(JSON.parse((await runTool(["list_queues", "--formatter", "json"])).out)).toEqual([]);
  expect((await runTool(["list_queues", "-q", "--formatter", "erlang"])).out).toBe("[]\n");
  expect((await runTool(["list_queues", "-q", "--formatter", "pretty_table"])).out).toBe("");
});

test("quotes in CSV are doubled", async () => {
  const { out } = await runTool(["list_queues", "--formatter", "csv", "name"], {
    answers: { list_queues: [['say "hi"']] },
  });
  expect(out).toBe('"name"\n"say ""hi"""\n');
});
