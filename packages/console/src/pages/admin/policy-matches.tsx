import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, apiPath, get } from "../../api/client.ts";
import type { NamedIn, Page } from "../../api/types.ts";
import { t, tn } from "../../i18n/translate.ts";
import { ExchangeLink, QueueLink } from "../../ui/object-links.tsx";

const SHOWN_MAX = 8;
const TYPING_PAUSE_MS = 250;

interface Matches {
  readonly queues?: Page<NamedIn>;
  readonly exchanges?: Page<NamedIn>;
}

/** What a pattern fits now, found by the broker's own matcher while it is typed. */
export function PolicyMatches(props: {
  readonly vhost: string;
  readonly pattern: string;
  readonly applyTo: string;
}): JSX.Element | null {
  const { vhost, pattern, applyTo } = props;
  const [matches, setMatches] = useState<Matches | string>();
  useEffect(() => {
    if (pattern === "") {
      setMatches(undefined);
      return undefined;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      find(vhost, pattern, applyTo, abort.signal).then(setMatches, (error: unknown) => {
        if (!abort.signal.aborted) {
          setMatches(error instanceof ApiError ? error.reason : String(error));
        }
      });
    }, TYPING_PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [vhost, pattern, applyTo]);

  if (matches === undefined) {
    return null;
  }
  if (typeof matches === "string") {
    return (
      <p class="notice notice-bad" role="status">
        {matches}
      </p>
    );
  }
  return (
    <div class="notice notice-good" role="status">
      {matches.queues !== undefined && (
        <p>
          {tn(matches.queues.filtered_count, "Fits 1 queue.", "Fits {n} queues.")}{" "}
          <Names page={matches.queues} kind="queue" />
        </p>
      )}
      {matches.exchanges !== undefined && (
        <p>
          {tn(matches.exchanges.filtered_count, "Fits 1 exchange.", "Fits {n} exchanges.")}{" "}
          <Names page={matches.exchanges} kind="exchange" />
        </p>
      )}
    </div>
  );
}

function Names(props: {
  readonly page: Page<NamedIn>;
  readonly kind: "queue" | "exchange";
}): JSX.Element {
  const rest = props.page.filtered_count - props.page.items.length;
  return (
    <>
      {props.page.items.map((item, at) => (
        <span key={item.name}>
          {at > 0 && ", "}
          {props.kind === "queue" ? <QueueLink {...item} /> : <ExchangeLink {...item} />}
        </span>
      ))}
      {rest > 0 && ` ${t("and {n} more", { n: rest })}`}
    </>
  );
}

async function find(
  vhost: string,
  pattern: string,
  applyTo: string,
  abort: AbortSignal,
): Promise<Matches> {
  const query = new URLSearchParams({
    page: "1",
    page_size: String(SHOWN_MAX),
    name: pattern,
    use_regex: "true",
    columns: "name,vhost",
  }).toString();
  const list = (kind: string): Promise<Page<NamedIn>> =>
    get(`${apiPath(kind, vhost)}?${query}`, abort);
  const [queues, exchanges] = await Promise.all([
    applyTo === "exchanges" ? undefined : list("queues"),
    applyTo === "all" || applyTo === "exchanges" ? list("exchanges") : undefined,
  ]);
  return { queues, exchanges };
}
