import { effect, type Signal, signal } from "@preact/signals";
import { type Language, useLanguage } from "../i18n/translate.ts";

/** Kept in the browser for the next visit. Nothing secret: no message, no password. */
const PREFIX = "leveret.";

/** How a theme is chosen; `system` follows the operating system. */
export type Theme = "system" | "light" | "dark";

/** A signal whose value survives in the browser's storage, under `name`. A value that cannot be read counts as absent. */
export function remembered<T>(name: string, initial: T): Signal<T> {
  const value = signal<T>(read(name) ?? initial);
  effect(() => write(name, value.value));
  return value;
}

export const theme = remembered<Theme>("theme", "system");
export const chosenLanguage = remembered<Language | "">("language", "");
/** The virtual host to which lists are limited; empty for all. */
export const chosenVhost = remembered<string>("vhost", "");
/** Seconds between two looks at what a page shows; 0 stops looking. */
export const refreshSeconds = remembered<number>("refresh", 5);

/** Puts theme and language into the document, now and whenever they change. */
export function applyPreferences(): void {
  effect(() => {
    const root = document.documentElement;
    if (theme.value === "system") {
      delete root.dataset["theme"];
    } else {
      root.dataset["theme"] = theme.value;
    }
  });
  effect(() => {
    const fromBrowser = navigator.language.startsWith("zh") ? "zh" : "en";
    void useLanguage(chosenLanguage.value === "" ? fromBrowser : chosenLanguage.value);
  });
}

function read<T>(name: string): T | undefined {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}

function write(name: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Storage may be full or forbidden; the choice then lasts as long as the page.
  }
}
