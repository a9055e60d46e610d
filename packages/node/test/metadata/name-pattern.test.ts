import { expect, test } from "vitest";
import { compilePattern } from "../../src/metadata/name-pattern.ts";

test.each([
  ["^amq\\.", "amq.gen-x", true],
  ["amq", "my-amq-queue", true],
  ["^amq$", "amq2", false],
  ["", "anything", true],
  ["(?i)^ORDERS", "orders.eu", true],
  ["^(?!amq\\.).*", "amq.gen", false],
  ["^(?!amq\\.).*", "orders", true],
  ["(?i)^(?!AMQ\\.).*", "amq.gen", false],
  ["^(a|b)\\1$", "aa", true],
  ["^(a|b)\\1$", "ab", false],
  ["[[:digit:]]+$", "queue7", true],
  ["\\Aq\\Z", "q", true],
  ["^x{2,3}$", "xx", true],
  ["\\p{Lu}", "Ä", true],
])("%s on '%s': %s", (pattern, name, expected) => {
  expect(compilePattern(pattern).test(name)).toBe(expected);
});

/** Texts and offsets observed on RabbitMQ 3.10.8. */
test.each([
  ["(", '{"missing )",1}'],
  ["abc(def", '{"missing )",7}'],
  ["a)", '{"unmatched parentheses",1}'],
  ["ab)cd", '{"unmatched parentheses",2}'],
  ["*a", '{"nothing to repeat",0}'],
  ["+", '{"nothing to repeat",0}'],
  ["a**", '{"nothing to repeat",2}'],
  ["a|*", '{"nothing to repeat",2}'],
  ["[a", '{"missing terminating ] for character class",2}'],
  ["a\\", '{"\\\\ at end of pattern",2}'],
  ["a{2,1}", '{"numbers out of order in {} quantifier",5}'],
  ["a{99999}", '{"number too big in {} quantifier",7}'],
  ["(?i", '{"unrecognized character after (? or (?-",3}'],
  ["(?zz)", '{"unrecognized character after (? or (?-",2}'],
  ["[z-a]", '{"range out of order in character class",3}'],
])("%s is refused in PCRE's words", (pattern, term) => {
  expect(() => compilePattern(pattern)).toThrow(expect.objectContaining({ term }));
});

test.each([
  "(a+)+$",
  "^(a|a)*$",
  "^(a|aa)+$",
  "^(([a-z])+.)+[A-Z]([a-z])+$",
  ".*.*.*.*.*.*x",
  "(.*)*(.*)*y",
])("%s answers at once on the worst of names", (pattern) => {
  expect(compilePattern(pattern).test(`${"a".repeat(254)}!`)).toBe(false);
});

test.each([
  "^(?!amq)(a+)+$",
  "(?=x)(a|a)*$",
  "(?!x)(?:a{1,9}){1,9}$",
  "(?!b).*.*.*x",
  "^(?!b).*.*.*.*x",
  "(?!x)((?:a|b)c)*$",
  "(a*)*\\1$",
  `^(?!x)${"a?".repeat(30)}b`,
  `^(?!x)${"(a|a)".repeat(30)}b`,
])("%s is refused, because only a backtracking engine knows it", (pattern) => {
  expect(() => compilePattern(pattern)).toThrow("too complex");
});

test.each([
  "^(?!amq\\.).*",
  "(?!amq\\.).*",
  "^(?!.*\\.tmp$).*\\.log$",
  "^(?!(?:amq|sys|tmp|test|dev)\\.)[a-z]+\\.[a-z]+(?:\\.eu|\\.us)?$",
  "^(?!.*foo.*bar).*$",
  "^(?=.*a)(?=.*b)(?=.*c).*$",
  "^([a-z]+)-\\1$",
])("%s is accepted and answers at once", (pattern) => {
  expect(typeof compilePattern(pattern).test("a".repeat(255))).toBe("boolean");
});

test("a very long pattern is refused", () => {
  expect(() => compilePattern("a".repeat(5000))).toThrow("too large");
});
