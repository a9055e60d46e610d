import { describe, expect, test } from "vitest";
import { type CommandLine, readCommandLine } from "../../src/command-line.ts";

function read(...argv: readonly string[]): CommandLine {
  return readCommandLine({ argv: ["inspect", ...argv], env: {}, cwd: "/srv", host: "hare" });
}

describe("the command line of inspect", () => {
  test("takes the data directory and nothing else for granted", () => {
    expect(read("data")).toEqual({
      kind: "inspect",
      options: {
        directory: "/srv/data",
        groupId: undefined,
        limit: undefined,
        isJson: false,
        isQuick: false,
      },
    });
  });

  test("takes its flags, before and behind the directory", () => {
    expect(read("--group", "17", "/d", "--limit=5", "--json", "--quick")).toMatchObject({
      options: { directory: "/d", groupId: 17, limit: 5, isJson: true, isQuick: true },
    });
  });

  test.each<[string, readonly string[], string]>([
    ["no directory", [], "missing required argument 'data dir'"],
    ["two directories", ["a", "b"], "too many arguments"],
    ["an unknown flag", ["a", "--jsn"], "unknown option '--jsn' (Did you mean --json?)"],
    ["a group that is no number", ["a", "--group", "q1"], "must be a whole number from 1 on"],
    ["no lines at all", ["a", "--limit", "0"], "must be a whole number from 1 on"],
  ])("answers %s with one sentence and exit code 64", (_name, argv, sentence) => {
    const line = read(...argv);
    expect(line).toMatchObject({ kind: "exit", exitCode: 64, stdout: "" });
    expect(line).toHaveProperty("stderr", expect.stringContaining(sentence));
    expect(line).toHaveProperty("stderr", expect.stringContaining("leveret inspect --help"));
  });

  test("--help explains flags and exit codes", () => {
    const line = read("--help");
    expect(line).toMatchObject({ kind: "exit", exitCode: 0, stderr: "" });
    for (const part of ["<data dir>", "--group", "--limit", "--quick", "--json", "Exit codes"]) {
      expect(line).toHaveProperty("stdout", expect.stringContaining(part));
    }
  });
});
