import {
  type JsonObject,
  type LiveFigures,
  RefusedError,
  type StatisticsScope,
} from "@leveret/management";

type Scope = Pick<StatisticsScope, "vhosts">;

/** Between two looks at the cluster, for as long as somebody follows. */
const LOOK_INTERVAL_MS = 1000;
/** Who follows at once: pages of a console that are open. */
const FOLLOWERS_MAX = 200;
/** A follower is told at least so often that the stream lives. */
const QUIET_MAX_MS = 15_000;

/** Figures at one moment. */
type Flat = ReadonlyMap<string, number>;

/** One look after the other at the figures of one scope, for all who follow it. */
class Look {
  readonly #see: () => Promise<JsonObject>;
  #followers = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isUnderWay = false;
  #latest: LiveFigures | undefined;
  #counts: Flat | undefined;
  #failure: unknown;
  readonly #waiting = new Set<() => void>();

  constructor(see: () => Promise<JsonObject>) {
    this.#see = see;
  }

  get isFollowed(): boolean {
    return this.#followers > 0;
  }

  /** undefined: there is none yet, or the last look has failed. */
  get latest(): LiveFigures | undefined {
    return this.#failure === undefined ? this.#latest : undefined;
  }

  /** Why the last look has failed. */
  get failure(): unknown {
    return this.#failure;
  }

  begin(): void {
    this.#followers++;
    if (this.#followers > 1) return;
    this.#timer = setInterval(() => void this.#look(), LOOK_INTERVAL_MS);
    this.#timer.unref();
    void this.#look();
  }

  end(): void {
    this.#followers--;
    if (this.#followers > 0) return;
    clearInterval(this.#timer);
    this.#latest = undefined;
    this.#counts = undefined;
  }

  /** Resolves after the next look, or when it is over. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }

  /** One that takes longer than a second is not overtaken by the next. */
  async #look(): Promise<void> {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    try {
      const counts = flattened(await this.#see());
      const timeMs = Date.now();
      this.#latest = {
        figures: withRates(counts, this.#counts, timeMs - (this.#latest?.timeMs ?? 0)),
        timeMs,
      };
      this.#counts = counts;
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#isUnderWay = false;
    }
    for (const wake of [...this.#waiting]) wake();
  }
}

/** Live figures of the cluster; followers of the same scope share the work. */
export class LiveLooks {
  readonly #see: (scope: Scope) => Promise<JsonObject>;
  readonly #looks = new Map<string, Look>();
  #followers = 0;

  constructor(see: (scope: Scope) => Promise<JsonObject>) {
    this.#see = see;
  }

  /** @throws RefusedError if too many follow already, or the node does not run any more */
  async *follow(scope: Scope, signal: AbortSignal): AsyncGenerator<LiveFigures> {
    if (this.#followers >= FOLLOWERS_MAX) {
      throw new RefusedError("limit_reached", `more than ${FOLLOWERS_MAX} follow the live figures`);
    }
    const key = JSON.stringify(scope.vhosts ?? null);
    const look = this.#looks.get(key) ?? new Look(() => this.#see(scope));
    this.#looks.set(key, look);
    this.#followers++;
    look.begin();
    try {
      yield* changesOf(look, signal);
    } finally {
      this.#followers--;
      look.end();
      if (!look.isFollowed) this.#looks.delete(key);
    }
  }
}

/** Until a look fails: all figures first, then those that have changed since. Nothing piles up for who is slow: each change is against what was told last. */
async function* changesOf(look: Look, signal: AbortSignal): AsyncGenerator<LiveFigures> {
  let told: LiveFigures["figures"] = new Map();
  let toldMs = 0;
  while (!signal.aborted) {
    const { latest, failure } = look;
    if (failure !== undefined && toldMs > 0) return;
    if (failure !== undefined) throw failure;
    if (latest !== undefined) {
      const changed = [...latest.figures].filter(([path, value]) => told.get(path) !== value);
      if (changed.length > 0 || latest.timeMs - toldMs >= QUIET_MAX_MS) {
        told = latest.figures;
        toldMs = latest.timeMs;
        yield { figures: new Map(changed), timeMs: latest.timeMs };
      }
    }
    await look.next(signal);
  }
}

/** The counts of an overview by path: `message_stats.publish`. Details are left out. */
function flattened(object: JsonObject): Flat {
  const flat = new Map<string, number>();
  for (const [group, values] of Object.entries(object)) {
    if (typeof values !== "object" || values === null) continue;
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === "number") flat.set(`${group}.${name}`, value);
    }
  }
  return flat;
}

/** Of what is no number of objects: `message_stats.publish_rate`, per second, since the look before. */
function withRates(
  counts: Flat,
  before: Flat | undefined,
  elapsedMs: number,
): ReadonlyMap<string, number> {
  const figures = new Map<string, number>(counts);
  for (const [path, count] of counts) {
    if (path.startsWith("object_totals.")) continue;
    const rate = before === undefined ? 0 : ((count - (before.get(path) ?? 0)) * 1000) / elapsedMs;
    figures.set(`${path}_rate`, Math.round(rate * 10) / 10);
  }
  return figures;
}
