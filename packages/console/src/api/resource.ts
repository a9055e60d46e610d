import { signal } from "@preact/signals";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { refreshSeconds } from "../app/preferences.ts";
import { ApiError, get } from "./client.ts";

/** What is known of something that the broker tells, and looks after itself while it is shown. */
export interface Resource<T> {
  /** The last answer; kept while a new one is fetched and when one fails. */
  readonly data: T | undefined;
  /** Why the last request failed; undefined if it did not. */
  readonly error: ApiError | undefined;
  /** Fetches at once. */
  readonly refresh: () => void;
}

/** Raised by each change that the console makes: what is shown is fetched again at once. */
const changes = signal(0);

/** Lets all that is shown be fetched again. */
export function refreshAll(): void {
  changes.value += 1;
}

/** When the last answer came, in milliseconds since 1970; shown in the frame. */
export const lastAnswerAt = signal(0);

/**
 * GET `path` now, after each change, and every few seconds (`refreshSeconds`) while the page can be seen.
 * `undefined` as a path fetches nothing. With `once` it is fetched only now and after changes;
 * `slow` is the least number of seconds between two looks.
 */
export function useResource<T>(
  path: string | undefined,
  options?: { readonly once?: boolean; readonly slow?: number },
): Resource<T> {
  const [state, setState] = useState<{ path?: string; data?: T; error?: ApiError }>({});
  const again = useRef<() => void>(() => undefined);
  const seconds = options?.once === true ? 0 : paceOf(options?.slow ?? 0);
  const change = changes.value;

  useEffect(() => {
    if (path === undefined) {
      return undefined;
    }
    const watch = watchPath<T>(path, seconds, (data, error) => {
      setState((last) => ({
        path,
        data: data ?? (sameThing(last.path, path) ? last.data : undefined),
        error,
      }));
    });
    again.current = watch.refresh;
    return watch.stop;
  }, [path, seconds, change]);

  const refresh = useCallback(() => again.current(), []);
  const isOld = path === undefined || !sameThing(state.path, path);
  return { data: isOld ? undefined : state.data, error: isOld ? undefined : state.error, refresh };
}

function paceOf(slow: number): number {
  return refreshSeconds.value === 0 ? 0 : Math.max(slow, refreshSeconds.value);
}

/** Another page or order of the same list replaces what is shown only when it is there. */
function sameThing(a: string | undefined, b: string): boolean {
  return a !== undefined && a.split("?")[0] === b.split("?")[0];
}

function watchPath<T>(
  path: string,
  seconds: number,
  tell: (data: T | undefined, error: ApiError | undefined) => void,
): { refresh: () => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let abort = new AbortController();

  const fetchNow = async (): Promise<void> => {
    clearTimeout(timer);
    abort.abort();
    abort = new AbortController();
    const mine = abort;
    try {
      const data = await get<T>(path, mine.signal);
      lastAnswerAt.value = Date.now();
      tell(data, undefined);
    } catch (error) {
      if (mine.signal.aborted) {
        return;
      }
      tell(
        undefined,
        error instanceof ApiError ? error : new ApiError(String(error), { status: 0 }),
      );
    }
    plan();
  };
  const plan = (): void => {
    if (seconds > 0) {
      timer = setTimeout(() => (document.hidden ? plan() : void fetchNow()), seconds * 1000);
    }
  };

  void fetchNow();
  return {
    refresh: () => void fetchNow(),
    stop: () => {
      clearTimeout(timer);
      abort.abort();
    },
  };
}
