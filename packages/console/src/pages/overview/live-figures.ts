import { useEffect, useState } from "preact/hooks";
import { followEvents } from "../../api/event-stream.ts";

/** Figures of the whole broker by path, such as `message_stats.publish_rate`; what is not known is absent. */
type Figures = Readonly<Record<string, number>>;

/** What the broker told last. */
export interface Live {
  /** Seconds since 1970. */
  readonly time: number;
  readonly figures: Figures;
  readonly hasRates: boolean;
}

/** The figures of each second while the page is shown; undefined until the first has come. */
export function useLiveFigures(): Live | undefined {
  const [live, setLive] = useState<Live>();
  useEffect(() => {
    let figures: Figures | undefined;
    return followEvents("leveret/events", ({ event, data }) => {
      if (event === "figures") {
        const told = JSON.parse(data) as { time: number; figures: Figures };
        // Rates are known from the second look on.
        const hasRates = figures !== undefined;
        figures = { ...figures, ...told.figures };
        setLive({ time: told.time / 1000, figures, hasRates });
      }
    });
  }, []);
  return live;
}
