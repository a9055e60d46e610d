import type { ComponentType, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/translate.ts";

/** Code that may be fetched before it is needed. */
const waiting: (() => Promise<void>)[] = [];

/** Fetches the code of all pages, one after the other, so that the first visit of each is as quick as the next ones. */
export async function fetchAhead(): Promise<void> {
  for (const fetchNext of waiting.splice(0)) {
    // What cannot be had now is asked for again when it is shown.
    await fetchNext().catch(() => undefined);
  }
}

/** A component whose code is fetched when it is first shown, or ahead. The broker may have been replaced meanwhile: then the page is loaded anew. */
export function lazy<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined;
  const fetchCode = async (): Promise<void> => {
    loaded ??= await load();
  };
  waiting.push(fetchCode);
  return function Lazy(props: Props): JSX.Element {
    const [, setReady] = useState(loaded !== undefined);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      // Also if the code is there by now: it may have come, fetched ahead, since this was shown without it.
      fetchCode().then(
        () => setReady(true),
        () => setFailed(true),
      );
    }, []);
    if (loaded !== undefined) {
      const Loaded = loaded;
      return <Loaded {...props} />;
    }
    return failed ? <LoadFailed /> : <p class="muted loading">{t("Loading…")}</p>;
  };
}

function LoadFailed(): JSX.Element {
  return (
    <p class="notice notice-bad" role="alert">
      {t("This part of the console could not be loaded.")}{" "}
      <button type="button" onClick={() => globalThis.location.reload()}>
        {t("Load the page again")}
      </button>
    </p>
  );
}
