import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRabbitmqConf } from "../../src/config/rabbitmq-conf.ts";

function entries(text: string): string[] {
  return parseRabbitmqConf(text, "x.conf").entries.map(
    ({ path, value }) => `${path.join("|")}=${value}`,
  );
}

function problems(text: string): string[] {
  const { errors } = parseRabbitmqConf(text, "x.conf");
  return errors.map(({ file, line, column, text: what }) => `${file}:${line}:${column} ${what}`);
}

describe("the reader of rabbitmq.conf", () => {
  test.each([
    ["a value that ends at a comment", "a.b = x # y", ["a|b=x"]],
    ["a comment without a blank before it", "a.b = x#y", ["a|b=x"]],
    ["blanks and tabs around everything", "\tx.y = \t z \t", ["x|y=z"]],
    ["lines that end in CR LF", "a = 1\r\nb = 2\r\n", ["a=1", "b=2"]],
    ["a last line without an end", "a = 1\nb = 2", ["a=1", "b=2"]],
    ["empty lines and comment lines", "\n# c\n  # d\n\na=3\n", ["a=3"]],
    ["a byte order mark", "\uFEFFa = 1", ["a=1"]],
    ["an equals sign in a value", "a = b=c", ["a=b=c"]],
    ["blanks in a value", "log.syslog.identity = my app", ["log|syslog|identity=my app"]],
    ["a dot in a segment, escaped", "loopback_users.a\\.b = true", ["loopback_users|a.b=true"]],
    ["any character in a segment, escaped", "u.a\\@b\\ c = 1", ["u|a@b c=1"]],
    ["single quotes, which keep the number sign", "p = 'a # b' # c", ["p=a # b"]],
    ["quotes that do not enclose all", "p = 'x' y", ["p='x' y"]],
    ["double quotes, which are part of the value", 'p = "x y"', ['p="x y"']],
    ["letters beyond ASCII in a value", "a = é", ["a=é"]],
    ["a key that stands twice, in order", "a = 1\na = 2", ["a=1", "a=2"]],
  ])("takes %s", (_name, text, expected) => {
    expect(entries(text)).toEqual(expected);
    expect(problems(text)).toEqual([]);
  });

  test.each([
    ["a key alone", "a.b", "x.conf:1:4 expected `=` and a value after the key"],
    ["a key without a value", "a.b =", "x.conf:1:6 expected a value after `a.b =`"],
    ["a value that is all comment", "a.b = # c", "x.conf:1:7 expected a value after `a.b =`"],
    ["empty quotes", "a.b = ''", "x.conf:1:7 expected a value after `a.b =`"],
    ["a blank in a key", "a b = 1", "x.conf:1:3 expected `=`, found `b = 1`"],
    [
      "an empty segment",
      "a..b = 1",
      "x.conf:1:1 expected a key: words with single dots between them",
    ],
    ["no key", " = 1", "x.conf:1:2 expected a key: words with single dots between them"],
    ["a section", "[rabbit]", "x.conf:1:1 expected `key = value`; this format has no [sections]"],
    ["an Erlang term", "{rabbit, []}.", "x.conf:1:1 expected `=`, found `{rabbit, []}.`"],
  ])("reports %s with line and column, and what was expected", (_name, line, expected) => {
    expect(problems(line)).toEqual([expected]);
  });

  test("reports every wrong line, and still reads the others", () => {
    const text = "a = 1\n!\nb = 2\n?\n";
    expect(entries(text)).toEqual(["a=1", "b=2"]);
    expect(problems(text).map((problem) => problem.split(" ")[0])).toEqual([
      "x.conf:2:1",
      "x.conf:4:1",
    ]);
  });

  test.each([
    ["default_pass = abc#def", 16, "`#` starts a comment here"],
    ['default_user = "guest"', 16, "double quotes are part of the value"],
  ])("warns of %s, which RabbitMQ takes in silence", (line, column, text) => {
    const [warning] = parseRabbitmqConf(line, "x.conf").warnings;
    expect(warning).toMatchObject({ line: 1, column, text: expect.stringContaining(text) });
  });

  test("takes a value of several lines between three quotes", () => {
    const text = "a = '''\n  one # no comment\n  'two'\n'''\nb = '''three'''\nc = 4\n";
    const { entries, errors } = parseRabbitmqConf(text, "x");
    expect(errors).toEqual([]);
    expect(entries.map(({ path, value, line }) => [path.join("."), value, line])).toEqual([
      ["a", "one # no comment\n  'two'", 1],
      ["b", "three", 5],
      ["c", "4", 6],
    ]);
  });

  test("tells where a value of several lines begins that has no end", () => {
    const { entries, errors } = parseRabbitmqConf("a = 1\nb = '''x\nc = 2\n", "x");
    expect(errors).toEqual([{ file: "x", line: 2, column: 5, text: "''' has no end" }]);
    expect(entries).toHaveLength(1);
  });

  test("answers any text with entries or problems, one a line at most", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        const { entries: found, errors } = parseRabbitmqConf(text, "x.conf");
        expect(found.length + errors.length).toBeLessThanOrEqual(text.split("\n").length);
      }),
    );
  });

  test("reads back what is written, quoted", () => {
    const word = fc.stringMatching(/^[a-z0-9_-]{1,8}$/);
    const value = fc.stringMatching(/^[^'\r\n]{1,20}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), value, (path, text) => {
        expect(entries(`${path.join(".")} = '${text}'`)).toEqual([`${path.join("|")}=${text}`]);
      }),
    );
  });
});
