import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { lastAnswerAt, useResource } from "../api/resource.ts";
import type { Overview, VhostInfo } from "../api/types.ts";
import { clock } from "../format/quantities.ts";
import { msg, t } from "../i18n/translate.ts";
import { ConfirmDialog } from "../ui/confirm.tsx";
import { useCurrentInSight } from "../ui/current-link.ts";
import { SelectField } from "../ui/fields.tsx";
import { Mark } from "../ui/icons.tsx";
import { Toasts } from "../ui/toasts.tsx";
import { LanguageChoice, ThemeChoice } from "./appearance.tsx";
import { KeyHelp, openKeyHelp, useKeys } from "./keys.tsx";
import { fetchAhead } from "./lazy.tsx";
import { entryOf, MENU, restOf } from "./pages.ts";
import { openPalette, Palette } from "./palette.tsx";
import { chosenVhost, refreshSeconds } from "./preferences.ts";
import { followAddress, href, location } from "./router.ts";
import { logOut, user } from "./session.ts";

followAddress();

/** The page that was asked for comes first. */
const FETCH_AHEAD_MS = 300;

/** The frame around all pages. */
export function Frame(): JSX.Element {
  useKeys();
  const { path } = location.value;
  const entry = entryOf(path);
  const title = t(entry?.label ?? msg("Not found"));
  const object = path.slice(1).at(-1);
  useEffect(() => {
    document.title = `${object === undefined ? "" : `${object} – `}${title} – Leveret`;
    document.querySelector("main")?.scrollTo(0, 0);
  }, [title, object]);
  useEffect(() => {
    const timer = setTimeout(() => void fetchAhead(), FETCH_AHEAD_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: the address after # belongs to the router, so the link moves the focus itself */}
      <a class="skip" href="#main" onClick={skipToMain}>
        {t("Skip to the content")}
      </a>
      <Header />
      <main id="main" tabIndex={-1}>
        {entry === undefined ? <NotFound /> : <entry.page key={entry.at} rest={restOf(path)} />}
      </main>
      <Toasts />
      <ConfirmDialog />
      <Palette />
      <KeyHelp />
    </>
  );
}

function skipToMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Header(): JSX.Element {
  const overview = useResource<Overview>("overview?columns=cluster_name,product_version,node", {
    once: true,
  });
  return (
    <header class="header">
      <div class="header-row">
        <a class="brand" href="#/" aria-label="Leveret">
          <Mark /> <span>Leveret</span>
        </a>
        <span class="cluster-name">
          {overview.data?.cluster_name}
          {overview.data?.product_version !== undefined && (
            <small> {overview.data.product_version}</small>
          )}
        </span>
        <button type="button" class="palette-button" onClick={openPalette}>
          {t("Go to…")} <kbd>Ctrl K</kbd>
        </button>
        <VhostChoice />
        <SettingsMenu />
      </div>
      <MainMenu />
    </header>
  );
}

function MainMenu(): JSX.Element {
  const current = entryOf(location.value.path);
  const menu = useCurrentInSight(current?.label ?? "");
  return (
    <nav ref={menu} class="main-menu" aria-label={t("Main")}>
      {MENU.filter((entry) => entry.isVisible()).map((entry) => (
        <a
          key={entry.at}
          href={href(entry.at === "" ? [] : [entry.at])}
          aria-current={entry === current ? "page" : undefined}
        >
          {t(entry.label)}
        </a>
      ))}
    </nav>
  );
}

function VhostChoice(): JSX.Element | null {
  const vhosts = useResource<readonly VhostInfo[]>("vhosts?columns=name", { once: true });
  const names = (vhosts.data ?? []).map((vhost) => vhost.name);
  if (names.length < 2 && chosenVhost.value === "") {
    return null;
  }
  const known =
    names.includes(chosenVhost.value) || chosenVhost.value === ""
      ? names
      : [...names, chosenVhost.value];
  return (
    <SelectField
      label={t("Virtual host")}
      quiet
      value={chosenVhost.value}
      options={[["", t("All virtual hosts")], ...known.map((name) => [name, name] as const)]}
      onInput={(name) => {
        chosenVhost.value = name;
      }}
    />
  );
}

function SettingsMenu(): JSX.Element {
  return (
    <details class="menu menu-right">
      <summary class="button">{user.value?.name}</summary>
      <div class="menu-body">
        <p class="muted small-text">
          {t("Tags: {tags}", { tags: user.value?.tags.join(", ") ?? "" })}
          <br />
          {lastAnswerAt.value > 0 &&
            t("Last answer at {time}", { time: clock(lastAnswerAt.value) })}
        </p>
        <SelectField
          label={t("Look again")}
          value={String(refreshSeconds.value)}
          options={[
            ["1", t("every second")],
            ["5", t("every 5 s")],
            ["30", t("every 30 s")],
            ["0", t("only when I ask")],
          ]}
          onInput={(value) => {
            refreshSeconds.value = Number(value);
          }}
        />
        <ThemeChoice />
        <LanguageChoice />
        <div class="buttons">
          <button type="button" onClick={openKeyHelp}>
            {t("Keys")} <kbd>?</kbd>
          </button>
          <button type="button" onClick={() => void logOut()}>
            {t("Log out")}
          </button>
        </div>
      </div>
    </details>
  );
}

function NotFound(): JSX.Element {
  return (
    <>
      <h1>{t("Not found")}</h1>
      <p>
        {t("There is no such page.")} <a href="#/">{t("Overview")}</a>
      </p>
    </>
  );
}
