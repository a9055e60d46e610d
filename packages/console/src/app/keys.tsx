import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { refreshAll } from "../api/resource.ts";
import { t } from "../i18n/translate.ts";
import { dismissAll } from "../ui/toasts.tsx";
import { MENU } from "./pages.ts";
import { openPalette } from "./palette.tsx";
import { goTo, href } from "./router.ts";

const isHelpOpen = signal(false);
const SEQUENCE_MS = 1200;

/** Shows what the keys do. */
export function openKeyHelp(): void {
  isHelpOpen.value = true;
}

/** Keys that work everywhere outside of inputs and dialogs. */
export function useKeys(): void {
  useLayoutEffect(() => {
    let goUntil = 0;
    const onPlainKey = (event: KeyboardEvent): void => {
      if (Date.now() < goUntil) {
        goUntil = 0;
        goByKey(event.key);
        return;
      }
      goUntil = event.key === "g" ? Date.now() + SEQUENCE_MS : 0;
      press(event);
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        openPalette();
      } else if (event.key === "Escape") {
        closeOverlays();
      } else if (!hasModifier(event) && !isTyping(event.target)) {
        onPlainKey(event);
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

function press(event: KeyboardEvent): void {
  switch (event.key) {
    case "/": {
      const filter = document.querySelector<HTMLInputElement>("[data-filter]");
      if (filter !== null) {
        event.preventDefault();
        filter.select();
      }
      return;
    }
    case "?":
      openKeyHelp();
      return;
    case "r":
      refreshAll();
      return;
    case "j":
      moveRow(1);
      return;
    case "k":
      moveRow(-1);
      return;
    default:
      return;
  }
}

/** Closes what lies over the page. Native dialogs close themselves. */
function closeOverlays(): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
  dismissAll();
}

function goByKey(key: string): void {
  const entry = MENU.find((one) => one.key === key && one.isVisible());
  if (entry !== undefined) {
    goTo(href(entry.at === "" ? [] : [entry.at]));
  }
}

/** The focus goes to the first link of the next row; Enter then opens it. */
function moveRow(step: number): void {
  const links = [...document.querySelectorAll<HTMLElement>("main tbody tr")].flatMap(
    (row) => row.querySelector("a") ?? [],
  );
  const at = links.findIndex((link) => link.closest("tr")?.contains(document.activeElement));
  links[Math.max(0, Math.min(links.length - 1, at + step))]?.focus();
}

function hasModifier(event: KeyboardEvent): boolean {
  return event.ctrlKey || event.metaKey || event.altKey;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.closest("dialog") !== null || target.matches("input, textarea, select"))
  );
}

/** What the keys do. */
export function KeyHelp(): JSX.Element | null {
  return isHelpOpen.value ? <KeyDialog /> : null;
}

function KeyDialog(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const close = (): void => {
    isHelpOpen.value = false;
  };
  const keys: readonly (readonly [string, string])[] = [
    ["Ctrl K", t("go to any page, queue, exchange or connection, or do something")],
    ["/", t("filter the list")],
    ["j  k", t("next and previous row; Enter opens it")],
    ["r", t("look again now")],
    ["Esc", t("close what lies over the page")],
    ["?", t("these keys")],
    ...MENU.filter((entry) => entry.isVisible()).map(
      (entry) => [`g ${entry.key}`, t(entry.label)] as const,
    ),
  ];
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="keys" onClose={close}>
      <h2 id="keys">{t("Keys")}</h2>
      <dl class="keys">
        {keys.map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <div class="buttons">
        <button type="button" onClick={close}>
          {t("Close")}
        </button>
      </div>
    </dialog>
  );
}
