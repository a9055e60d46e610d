import { randomBytes } from "node:crypto";
import { SESSION_IDLE_MS, SESSIONS_MAX } from "./console-limits.ts";

/** What a session stands for: the login is asked for anew with each request, so a changed password or a deleted user ends it. */
export interface SessionLogin {
  readonly username: string;
  readonly password: string;
}

interface Session {
  readonly login: SessionLogin;
  lastUsedMs: number;
}

/** 192 bits: nobody guesses it. */
const ID_SIZE = 24;

/**
 * Sessions of the console at this node, by the ids that browsers hold in a cookie. In memory only: a restart ends them. A session ends when it
 * was not used for SESSION_IDLE_MS; of more than SESSIONS_MAX the one used longest ago ends.
 */
export class SessionTable {
  /** The one used last comes last. */
  readonly #sessions = new Map<string, Session>();
  readonly #now: () => number;

  /** `now`: milliseconds of any clock that only goes forward. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The id of a new session. */
  open(login: SessionLogin): string {
    this.#endIdle();
    const id = randomBytes(ID_SIZE).toString("base64url");
    this.#sessions.set(id, { login, lastUsedMs: this.#now() });
    if (this.#sessions.size > SESSIONS_MAX) this.#endOldest();
    return id;
  }

  /** undefined: there is none, or not any more. Being asked for counts as use. */
  find(id: string): SessionLogin | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    this.#sessions.delete(id);
    if (this.#isIdle(session)) return undefined;
    session.lastUsedMs = this.#now();
    this.#sessions.set(id, session);
    return session.login;
  }

  end(id: string): void {
    this.#sessions.delete(id);
  }

  #isIdle(session: Session): boolean {
    return this.#now() - session.lastUsedMs > SESSION_IDLE_MS;
  }

  #endIdle(): void {
    for (const [id, session] of this.#sessions) {
      if (!this.#isIdle(session)) return;
      this.#sessions.delete(id);
    }
  }

  #endOldest(): void {
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined) this.#sessions.delete(oldest);
  }
}
