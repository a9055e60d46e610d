import { expect, test } from "vitest";
import { FailedLogins } from "../../src/auth/failed-logins.ts";

const HERE = "192.0.2.1";

function failing(failures: FailedLogins, times: number, address: string, name = "ann"): void {
  for (let i = 0; i < times; i++) failures.note(address, name, 0);
}

test("names from one address are limited together, ten times as high", () => {
  const failures = new FailedLogins(5);
  for (let i = 0; i < 49; i++) failures.note(HERE, `name-${i}`, 0);
  expect(failures.isExhausted(HERE, "another", 0)).toBe(false);
  failures.note(HERE, "name-49", 0);
  expect(failures.isExhausted(HERE, "another", 0)).toBe(true);
  expect(failures.isExhausted("192.0.2.2", "another", 0)).toBe(false);
});

test("failures are forgiven one by one, all of them within a minute", () => {
  const failures = new FailedLogins(6);
  failing(failures, 6, HERE);
  expect(failures.isExhausted(HERE, "ann", 9_000)).toBe(true);
  expect(failures.isExhausted(HERE, "ann", 11_000)).toBe(false);
  failing(failures, 60, HERE);
  expect(failures.isExhausted(HERE, "ann", 59_000)).toBe(true);
});

test("the right password ends it for that name", () => {
  const failures = new FailedLogins(2);
  failing(failures, 2, HERE);
  failures.forget(HERE, "ann");
  expect(failures.isExhausted(HERE, "ann", 0)).toBe(false);
});

test("addresses of one IPv6 network count together", () => {
  const failures = new FailedLogins(2);
  failing(failures, 1, "2001:db8::1");
  failing(failures, 1, "2001:db8:0:0:ffff::2");
  expect(failures.isExhausted("2001:db8:0:0:9::", "ann", 0)).toBe(true);
  expect(failures.isExhausted("2001:db8:0:1::1", "ann", 0)).toBe(false);
});

test("what is remembered has an end: the oldest failure makes room", () => {
  const failures = new FailedLogins(1);
  failing(failures, 1, HERE);
  for (let i = 0; i < 10_000; i++)
    failures.note(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, "x", 0);
  expect(failures.isExhausted(HERE, "ann", 0)).toBe(false);
  expect(failures.isExhausted("10.0.39.15", "x", 0)).toBe(true);
});

test("without a limit nothing is refused", () => {
  const failures = new FailedLogins(undefined);
  failing(failures, 1000, HERE);
  expect(failures.isExhausted(HERE, "ann", 0)).toBe(false);
});
