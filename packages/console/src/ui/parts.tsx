import type { ComponentChildren, JSX } from "preact";
import { useId, useState } from "preact/hooks";
import type { ApiError } from "../api/client.ts";
import { href, location, setQuery } from "../app/router.ts";
import { t } from "../i18n/translate.ts";
import { useCurrentInSight } from "./current-link.ts";
import { errorText } from "./toasts.tsx";

/** A page's heading, with what can be done on its right. */
export function PageHead(props: {
  readonly title: ComponentChildren;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="page-head">
      <h1>{props.title}</h1>
      {props.children !== undefined && <div class="buttons">{props.children}</div>}
    </div>
  );
}

/** A part of a page under a heading. */
export function Section(props: {
  readonly title: ComponentChildren;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}): JSX.Element {
  const id = useId();
  return (
    <section class="section" aria-labelledby={id}>
      <div class="section-head">
        <h2 id={id}>{props.title}</h2>
        {props.aside}
      </div>
      {props.children}
    </section>
  );
}

/** A part that is opened when it is wanted, such as a form that adds something. */
export function Fold(props: {
  readonly title: string;
  readonly open?: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <details class="fold" open={props.open}>
      <summary>{props.title}</summary>
      <div class="fold-body">{props.children}</div>
    </details>
  );
}

/** Names with values; entries without a value are left out. */
export function Facts(props: {
  readonly of: readonly (readonly [string, ComponentChildren])[];
}): JSX.Element {
  return (
    <dl class="facts">
      {props.of
        .filter(
          ([, value]) => value !== undefined && value !== null && value !== "" && value !== false,
        )
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** A short mark with its meaning; `tone` is never the only carrier of it. */
export function Badge(props: {
  readonly text: string;
  readonly title?: string;
  readonly tone?: "good" | "warn" | "bad" | "plain";
}): JSX.Element {
  return (
    <span class={`badge badge-${props.tone ?? "plain"}`} title={props.title}>
      {props.text}
    </span>
  );
}

const GOOD_STATES = ["running", "up", "flow", "open", "single_active"];

/** A state as the broker names it, with a dot in its colour. */
export function State(props: { readonly state: string | undefined }): JSX.Element {
  if (props.state === undefined) {
    return <span class="muted">–</span>;
  }
  const tone = GOOD_STATES.includes(props.state)
    ? "good"
    : props.state === "idle"
      ? "plain"
      : "bad";
  return (
    <span class="state">
      <span class={`dot dot-${tone}`} aria-hidden="true" />
      {props.state}
    </span>
  );
}

/** Yes or no in words. */
export function YesNo(props: { readonly value: boolean | undefined }): JSX.Element {
  return <>{props.value === undefined ? "–" : props.value ? t("yes") : t("no")}</>;
}

/** A share of a limit as a bar with its figures; `high` is the share from which it warns. */
export function Meter(props: {
  readonly label: string;
  readonly used: number | undefined;
  readonly limit: number | undefined;
  readonly text: string;
  readonly alarm?: boolean;
}): JSX.Element | null {
  if (props.used === undefined) {
    return null;
  }
  const share = props.limit ? Math.min(1, props.used / props.limit) : 0;
  const tone = props.alarm === true ? "bad" : share > 0.8 ? "warn" : "good";
  return (
    <div class="meter">
      <div class="meter-text">
        <span>{props.label}</span>
        <span>{props.text}</span>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: browsers draw <meter> each in its own way */}
      <div
        class={`meter-bar meter-${tone}`}
        role="meter"
        aria-label={props.label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={props.text}
      >
        <div style={{ width: `${Math.max(1, share * 100)}%` }} />
      </div>
    </div>
  );
}

/** What stands instead of data: that it is fetched, or why it is not there. */
export function Pending(props: {
  readonly error: ApiError | undefined;
  readonly what?: string;
}): JSX.Element {
  if (props.error === undefined) {
    return <p class="muted">{t("Loading…")}</p>;
  }
  if (props.error.status === 404) {
    return (
      <p class="notice" role="alert">
        {t("{what} does not exist, or not any more.", { what: props.what ?? t("This") })}
      </p>
    );
  }
  return (
    <p class="notice notice-bad" role="alert">
      {errorText(props.error)}
    </p>
  );
}

/** A note above data that could not be fetched again. */
export function Stale(props: { readonly error: ApiError | undefined }): JSX.Element | null {
  return props.error === undefined ? null : (
    <p class="notice notice-bad" role="alert">
      {t("What you see is not up to date: {why}", { why: errorText(props.error) })}
    </p>
  );
}

/** Links between the parts of one page; the part shown is in the address. */
export function Tabs(props: {
  readonly label: string;
  readonly tabs: readonly (readonly [string, string])[];
  readonly current: string;
}): JSX.Element {
  const { path, query } = location.value;
  const menu = useCurrentInSight(props.current);
  return (
    <nav ref={menu} class="tabs" aria-label={props.label}>
      {props.tabs.map(([key, text]) => (
        <a
          key={key}
          href={href(path, { ...Object.fromEntries(query), tab: key })}
          aria-current={key === props.current ? "page" : undefined}
          onClick={(event) => {
            event.preventDefault();
            setQuery({ tab: key });
          }}
        >
          {text}
        </a>
      ))}
    </nav>
  );
}

/** A choice between few values, all to be seen. */
export function Choice(props: {
  readonly label: string;
  readonly options: readonly (readonly [string, string])[];
  readonly value: string;
  readonly onChoose: (value: string) => void;
}): JSX.Element {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend class="visually-hidden">{props.label}</legend>
      {props.options.map(([value, text]) => (
        <label key={value}>
          <input
            type="radio"
            name={name}
            checked={value === props.value}
            onChange={() => props.onChoose(value)}
          />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** A button that copies `text`. */
export function CopyButton(props: {
  readonly text: () => string;
  readonly label: string;
}): JSX.Element {
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      class="small"
      onClick={() => {
        void copyText(props.text()).then(() => {
          setCopied(true);
          setTimeout(() => setCopied(false), 1500);
        });
      }}
    >
      {copied ? t("Copied") : props.label}
    </button>
  );
}

/** The clipboard is only there on HTTPS and localhost; otherwise the old way through a selection. */
async function copyText(text: string): Promise<void> {
  if ("clipboard" in navigator) {
    return navigator.clipboard.writeText(text);
  }
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
