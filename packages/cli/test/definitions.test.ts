import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ControlError } from "@leveret/control";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FakeCaller } from "./fake-caller.ts";
import { runTool } from "./run-tool.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "leveret-definitions-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const EXPORTED = { export_definitions: ['{"users":[],', '"vhosts":[]}'] };

describe("export_definitions", () => {
  test("writes a file", async () => {
    const file = join(folder, "exported.json");
    expect(await runTool(["export_definitions", file], { answers: EXPORTED })).toEqual({
      code: 0,
      out: `Exporting definitions in JSON to a file at "${file}" ...\n`,
      error: "",
    });
    expect(await readFile(file, "utf8")).toBe('{"users":[],"vhosts":[]}');
  });

  test("writes to stdout, and nothing else", async () => {
    const shown = await runTool(["export_definitions", "-"], { answers: EXPORTED });
    expect(shown).toEqual({ code: 0, out: '{"users":[],"vhosts":[]}\n', error: "" });
  });

  test("says what is wrong with the file, and knows JSON only", async () => {
    const file = join(folder, "nowhere", "x.json");
    const failed = await runTool(["export_definitions", file], { answers: EXPORTED });
    expect(failed).toMatchObject({ code: 65, error: expect.stringContaining(file) });
    const erlang = await runTool(["export_definitions", "-", "--format", "erlang"]);
    expect(erlang).toMatchObject({ code: 65, out: "" });
  });
});

describe("import_definitions", () => {
  test("sends the file, or stdin", async () => {
    const file = join(folder, "imported.json");
    await writeFile(file, '{"vhosts":[]}');
    const caller = new FakeCaller({});
    const connect = async (): Promise<FakeCaller> => caller;
    expect(await runTool(["import_definitions", file], { connect })).toEqual({
      code: 0,
      out: `Importing definitions in JSON from a file at "${file}" ...\nSuccessfully imported definitions\n`,
      error: "",
    });
    await runTool(["import_definitions", "-q"], { connect, input: ['{"users":', "[]}"] });
    expect(caller.asked.filter(({ method }) => method === "import_definitions")).toEqual([
      { method: "import_definitions", params: { json: '{"vhosts":[]}' } },
      { method: "import_definitions", params: { json: '{"users":\n[]}' } },
    ]);
  });

  test("shows why it was refused", async () => {
    const file = join(folder, "bad.json");
    await writeFile(file, "{");
    const answers = { import_definitions: new ControlError("validation_failed", "no JSON") };
    const refused = await runTool(["import_definitions", file], { answers });
    expect(refused).toMatchObject({ code: 65, error: "Error:\nno JSON\n" });
  });
});

describe("limits of a running node", () => {
  test.each([
    ["set_vm_memory_high_watermark 0.5", { relative: 0.5 }, "Setting memory threshold on N to 0.5"],
    [
      "set_vm_memory_high_watermark absolute 2GB",
      { absolute: "2GB" },
      "Setting memory threshold on N to 2GB bytes",
    ],
    [
      "set_disk_free_limit 50MB",
      { absolute: "50MB" },
      "Setting disk free limit on N to 50MB bytes",
    ],
    [
      "set_disk_free_limit mem_relative 1.5",
      { relative: 1.5 },
      "Setting disk free limit on N to 1.5 times the total RAM",
    ],
  ])("%s", async (line, params, banner) => {
    const caller = new FakeCaller({});
    const args = line.split(" ");
    const set = await runTool(args, { connect: async () => caller });
    const out = `${banner.replace("N", "rabbit@localhost")} ...\n`;
    expect(set).toEqual({ code: 0, out, error: "" });
    expect(caller.asked.at(-1)).toEqual({ method: args[0], params });
  });

  test.each([
    ["set_vm_memory_high_watermark 1.1", 65],
    ["set_vm_memory_high_watermark many", 65],
    ["set_vm_memory_high_watermark absolute", 64],
    ["set_vm_memory_high_watermark 0.4 0.5", 64],
    ["set_disk_free_limit mem_relative much", 65],
  ])("%s is refused", async (line, code) => {
    expect(await runTool(line.split(" "))).toMatchObject({ code, out: "" });
  });
});
