import { describe, expect, test } from "vitest";
import type { Directory } from "../../../src/auth/ldap/directory.ts";
import { evaluate } from "../../../src/auth/ldap/evaluate.ts";
import { fillDn, fillText, userVariables } from "../../../src/auth/ldap/fill-pattern.ts";
import { parseQuery, parseTagQueries, QueryError } from "../../../src/auth/ldap/query.ts";

const PEOPLE: ReadonlyMap<string, Readonly<Record<string, readonly string[]>>> = new Map([
  ["cn=admins", { member: ["cn=ann"] }],
  ["cn=staff", { member: ["cn=admins", "cn=bob"] }],
  ["cn=circle", { member: ["cn=staff", "cn=circle"] }],
  ["cn=ann", { team: ["red"], mail: ["a@x", "b@x"] }],
]);

const DIRECTORY: Directory = {
  exists: async (dn) => PEOPLE.has(dn),
  hasValue: async (dn, attribute, value) => PEOPLE.get(dn)?.[attribute]?.includes(value) === true,
  attribute: async (dn, attribute) => {
    const values = PEOPLE.get(dn)?.[attribute] ?? [];
    return values.length === 1 ? values[0] : undefined;
  },
  objectsWith: async (_base, attribute, value) =>
    [...PEOPLE].filter(([, object]) => object[attribute]?.includes(value)).map(([dn]) => dn),
};

const VARIABLES = {
  username: "ann",
  user_dn: "cn=ann",
  vhost: "red-vhost",
  permission: "write",
  name: "q1",
};

function ask(text: string, variables: Readonly<Record<string, string>> = VARIABLES) {
  const context = { userDn: variables["user_dn"] ?? "", variables, groupLookupBase: "dc=x" };
  return evaluate(parseQuery(text), context, DIRECTORY);
}

describe("queries, as RabbitMQ's documentation writes them", () => {
  test.each([
    ["{constant, true}", true],
    ["{constant, false}", false],
    ['{exists, "cn=${username}"}', true],
    ['{exists, "cn=nobody"}', false],
    ['{in_group, "cn=admins"}', true],
    ['{in_group, "cn=staff"}', false],
    ['{in_group, "cn=admins", "uniqueMember"}', false],
    ['{in_group_nested, "CN=Staff"}', true],
    ['{in_group_nested, "cn=circle", "member"}', true],
    ['{in_group_nested, "cn=nobody"}', false],
    ["{'not', {constant, false}}", true],
    ["{'and', [{constant, true}, {in_group, \"cn=admins\"}]}", true],
    ["{'and', [{constant, true}, {constant, false}]}", false],
    ["{'and', []}", true],
    ["{'or', [{constant, false}, {constant, true}]}", true],
    ["{or, []}", false],
    ['{equals, "${vhost}", "red-vhost"}', true],
    ['{equals, "${vhost}", {string, "blue"}}', false],
    ['{match, "${vhost}", "^red-"}', true],
    ['{match, "${vhost}", "^blue-"}', false],
    ['{match, {string, "${vhost}"}, {string, "^${username}"}}', false],
    ['{equals, {attribute, "${user_dn}", "team"}, "red"}', true],
    ['{equals, {attribute, "${user_dn}", "mail"}, "a@x"}', false],
    ['{equals, {attribute, "cn=nobody", "team"}, {attribute, "cn=nobody", "team"}}', false],
    [
      "{for, [{permission, configure, {constant, false}}, {permission, write, {constant, true}}]}",
      true,
    ],
    ["{for, [{permission, configure, {constant, true}}]}", false],
    ['% a comment\n{for, [{name, "q1", {constant, true}}]}.\n', true],
  ])("%s: %s", async (text, answer) => {
    expect(await ask(text)).toBe(answer);
  });

  test.each([
    "",
    "constant",
    "{constant}",
    "{constant, perhaps}",
    "{nothing}",
    "{exists, cn}",
    '{exists, "cn=x"',
    '{exists, "cn=x"} {constant, true}',
    "{'and', {constant, true}}",
    "{for, [{permission, configure}]}",
    '{match, "x", "("}',
    `${"{'not', ".repeat(100)}{constant, true}${"}".repeat(100)}`,
    "x".repeat(70_000),
  ])("%s is refused at the start", (text) => {
    expect(() => parseQuery(text)).toThrow(QueryError);
  });

  test("tags are a list", () => {
    const tags = parseTagQueries(
      "[{administrator, {in_group, \"cn=a\"}}, {'my tag', {constant, true}}]",
    );
    expect(tags.map(({ tag }) => tag)).toEqual(["administrator", "my tag"]);
    for (const text of ["{administrator, {constant, true}}", "[administrator]", "[{x}]"]) {
      expect(() => parseTagQueries(text)).toThrow(QueryError);
    }
  });
});

describe("patterns", () => {
  test("what users say is taken literally in a distinguished name", () => {
    const variables = { username: 'ann,ou=admins+x="1" ', user_dn: "cn=ann,dc=x" };
    expect(fillDn("cn=${username},${user_dn}", variables)).toBe(
      'cn=ann\\,ou\\=admins\\+x\\=\\"1\\"\\ ,cn=ann,dc=x',
    );
    expect(fillText("${username}", variables)).toBe(variables.username);
  });

  test("variables that are not known stay", () => {
    expect(fillDn("cn=${username},ou=${vhost}", { username: "ann" })).toBe("cn=ann,ou=${vhost}");
    expect(fillText("$& ${username}", { username: "$&" })).toBe("$& $&");
  });

  test("a name of Active Directory has two parts", () => {
    expect(userVariables("CORP\\ann")).toEqual({
      username: "CORP\\ann",
      ad_domain: "CORP",
      ad_user: "ann",
    });
  });
});
