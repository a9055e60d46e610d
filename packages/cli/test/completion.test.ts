import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { runTool } from "./run-tool.ts";

async function script(shell: string): Promise<string> {
  const { out, code } = await runTool(["completion", shell], { program: "leveretctl" });
  expect(code).toBe(0);
  return out;
}

/** What bash offers for the last of these words. */
async function offered(...words: readonly string[]): Promise<string[]> {
  const line = words.map((word) => `'${word}'`).join(" ");
  const steps = [
    await script("bash"),
    `COMP_WORDS=(leveretctl ${line})`,
    `COMP_CWORD=${words.length}`,
    "_leveretctl",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: bash's
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ];
  const { stdout, stderr } = spawnSync("bash", ["-c", steps.join("\n")], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((word) => word !== "");
}

describe("completion by bash", () => {
  test("of names of commands, behind options, too", async () => {
    expect(await offered("list_q")).toEqual(["list_queues"]);
    expect(await offered("-n", "rabbit@list", "-q", "list_q")).toEqual(["list_queues"]);
    expect(await offered("help", "list_q")).toEqual(["list_queues"]);
    expect(await offered("drain")).toEqual([]);
  });

  test("of options and columns of the command", async () => {
    expect(await offered("list_queues", "messages_u")).toEqual([
      "messages_unacknowledged",
      "messages_unacknowledged_ram",
    ]);
    expect(await offered("list_queues", "--onl")).toEqual(["--online"]);
    expect(await offered("-p", "/", "peek", "--trun")).toEqual(["--truncate"]);
    expect(await offered("list_users", "--form")).toEqual(["--formatter"]);
  });
});

const HAS_ZSH: boolean = spawnSync("zsh", ["--version"]).status === 0;

test.runIf(HAS_ZSH)("the script for zsh is one that zsh takes", async () => {
  const text = await script("zsh");
  const { status, stderr } = spawnSync("zsh", ["-n"], { input: text, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
});

test("there are scripts for bash and zsh only", async () => {
  expect(await runTool(["completion", "fish"])).toMatchObject({ code: 64 });
});
