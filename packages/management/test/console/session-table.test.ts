import { describe, expect, it } from "vitest";
import { SESSION_IDLE_MS, SESSIONS_MAX } from "../../src/console/console-limits.ts";
import { SessionTable } from "../../src/console/session-table.ts";

const login = { username: "alice", password: "secret" };

describe("sessions of the console", () => {
  it("have ids that differ and cannot be guessed from each other", () => {
    const sessions = new SessionTable();
    const ids = new Set(Array.from({ length: 50 }, () => sessions.open(login)));
    expect(ids.size).toBe(50);
    for (const id of ids) expect(id).toMatch(/^[\w-]{32}$/);
  });

  it("end when they are not used for long, not when they are", () => {
    let nowMs = 0;
    const sessions = new SessionTable(() => nowMs);
    const [used, idle] = [sessions.open(login), sessions.open(login)];
    nowMs = SESSION_IDLE_MS - 1;
    expect(sessions.find(used)).toEqual(login);
    nowMs = SESSION_IDLE_MS + 1;
    expect(sessions.find(used)).toEqual(login);
    expect(sessions.find(idle)).toBeUndefined();
    nowMs *= 3;
    sessions.open(login);
    expect(sessions.size).toBe(1);
  });

  it("are bounded: the one used longest ago makes room", () => {
    const sessions = new SessionTable();
    const [first, second] = [sessions.open(login), sessions.open(login)];
    sessions.find(first);
    for (let at = 2; at <= SESSIONS_MAX; at += 1) sessions.open(login);
    expect(sessions.size).toBe(SESSIONS_MAX);
    expect(sessions.find(second)).toBeUndefined();
    expect(sessions.find(first)).toEqual(login);
  });
});
