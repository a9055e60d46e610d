import { signal } from "@preact/signals";
import { ApiError, get, post, remove, sessionEnded } from "../api/client.ts";

/** Who is logged in, as the broker said. */
export interface User {
  readonly name: string;
  readonly tags: readonly string[];
}

/** `undefined` until the broker was asked, `null` if nobody is logged in. */
export const user = signal<User | null | undefined>(undefined);

/** How far the node is; nobody can log in before it runs. */
export interface NodeProgress {
  readonly state?: "stopped" | "starting" | "waiting" | "running";
  /** The members that it waits for. */
  readonly awaited?: readonly string[];
}

export const nodeProgress = signal<NodeProgress>({});

const NOT_RUNNING_PAUSE_MS = 2000;

/** Why the login page is shown again although somebody was logged in. */
export const loginNote = signal<"ended" | "out" | undefined>(undefined);

const PATH = "leveret/session";

/** Asks who is logged in by the cookie of this browser, and follows the end of the session. */
export async function loadSession(): Promise<void> {
  sessionEnded.subscribe((times) => {
    if (times > 0 && user.peek()) {
      loginNote.value = "ended";
      user.value = null;
    }
  });
  await askWhoIsThere();
}

/** Asks again until the node runs. */
async function askWhoIsThere(): Promise<void> {
  try {
    const { user: known, ...progress } = await get<NodeProgress & { user: User | null }>(PATH);
    nodeProgress.value = progress;
    user.value = known;
  } catch {
    user.value = null;
  }
  if (nodeProgress.value.state !== "running") {
    setTimeout(() => void askWhoIsThere(), NOT_RUNNING_PAUSE_MS);
  }
}

/** Logs in; false if name or password is wrong or the user may not use the console. Throws an ApiError if it could not be asked. */
export async function logIn(username: string, password: string): Promise<boolean> {
  try {
    user.value = (await post<{ user: User }>(PATH, { username, password })).user;
    loginNote.value = undefined;
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      return false;
    }
    throw error;
  }
}

/** Ends the session here and at the broker. */
export async function logOut(): Promise<void> {
  await remove(PATH).catch(() => undefined);
  loginNote.value = "out";
  user.value = null;
}

const RANKS = ["management", "policymaker", "monitoring", "administrator"];

/** Whether the user has `tag` or one that includes it. Monitoring and policymaker do not include each other. */
export function isAllowed(
  tag: "management" | "policymaker" | "monitoring" | "administrator",
): boolean {
  const tags = user.value?.tags ?? [];
  return (
    tags.includes("administrator") ||
    tags.includes(tag) ||
    (tag === "management" && tags.some((own) => RANKS.includes(own)))
  );
}
