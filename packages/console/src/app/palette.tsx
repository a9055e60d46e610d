import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { get } from "../api/client.ts";
import type { ConnectionInfo, ExchangeInfo, Page, QueueInfo } from "../api/types.ts";
import { msg, t } from "../i18n/translate.ts";
import { exchangeAddress, exchangeName } from "../ui/object-links.tsx";
import { MENU } from "./pages.ts";
import { theme } from "./preferences.ts";
import { goTo, href } from "./router.ts";
import { isAllowed, logOut } from "./session.ts";

/** Something to go to, or to do. */
interface Command {
  readonly kind: string;
  readonly text: string;
  readonly run: () => void;
}

const isOpen = signal(false);
const FOUND_MAX = 8;
const TYPING_PAUSE_MS = 150;

/** Opens the palette. */
export function openPalette(): void {
  isOpen.value = true;
}

/** Pages, actions and objects by a few letters of their names. */
export function Palette(): JSX.Element | null {
  return isOpen.value ? <PaletteDialog /> : null;
}

function PaletteDialog(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const objects = useObjects(text);
  const found = [...matching(ownCommands(), text), ...objects];
  const current = Math.min(at, found.length - 1);
  // Before the next key is pressed: what is typed right after Ctrl-K belongs here.
  useLayoutEffect(() => dialog.current?.showModal(), []);

  const choose = (command: Command | undefined): void => {
    isOpen.value = false;
    command?.run();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setAt(Math.max(0, Math.min(found.length - 1, current + step)));
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(found[current]);
    }
  };
  return (
    <dialog
      ref={dialog}
      class="dialog palette"
      aria-label={t("Go to…")}
      onClose={() => {
        isOpen.value = false;
      }}
    >
      <input
        type="search"
        // biome-ignore lint/a11y/noRedundantRoles: the search type has another role by itself
        role="combobox"
        list={undefined}
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found.length > 0 ? `palette-${current}` : undefined}
        aria-label={t("Page, action, queue, exchange or connection")}
        placeholder={t("Page, action, queue, exchange or connection")}
        value={text}
        onKeyDown={onKey}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
      />
      <div id="palette-list" role="listbox" aria-label={t("Found")}>
        {found.map((command, place) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox handles keys
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the combobox
          <div
            key={`${command.kind}/${command.text}`}
            id={`palette-${place}`}
            role="option"
            class="palette-option"
            aria-selected={place === current}
            onClick={() => choose(command)}
          >
            <span>{command.text}</span>
            <small>{command.kind}</small>
          </div>
        ))}
      </div>
      {found.length === 0 && <p class="muted">{t("Nothing found.")}</p>}
    </dialog>
  );
}

function ownCommands(): readonly Command[] {
  const page = (text: string, address: string): Command => ({
    kind: t("page"),
    text,
    run: () => goTo(address),
  });
  const action = (text: string, run: () => void): Command => ({ kind: t("action"), text, run });
  const admin: readonly (readonly [string, string])[] = [
    [msg("Users"), "users"],
    [msg("Virtual hosts"), "vhosts"],
    [msg("Policies"), "policies"],
    [msg("Limits"), "limits"],
    [msg("Definitions"), "definitions"],
    [msg("Features"), "feature-flags"],
  ];
  return [
    ...MENU.filter((entry) => entry.isVisible()).map((entry) =>
      page(t(entry.label), href(entry.at === "" ? [] : [entry.at])),
    ),
    ...(isAllowed("administrator") ? admin.map(([text, at]) => page(t(text), href([at]))) : []),
    page(t("Queues without consumers"), href(["queues"], { quick: "no_consumers" })),
    page(t("Queues that grow"), href(["queues"], { quick: "growing" })),
    action(t("Light theme"), () => {
      theme.value = "light";
    }),
    action(t("Dark theme"), () => {
      theme.value = "dark";
    }),
    action(t("Log out"), () => void logOut()),
  ];
}

/** Commands that hold all words of the text. */
function matching(commands: readonly Command[], text: string): readonly Command[] {
  const words = text.toLowerCase().split(/\s+/);
  return commands
    .filter((command) => words.every((word) => command.text.toLowerCase().includes(word)))
    .slice(0, FOUND_MAX);
}

/** Objects whose names hold the text, from the broker. */
function useObjects(text: string): readonly Command[] {
  const [objects, setObjects] = useState<readonly Command[]>([]);
  useEffect(() => {
    if (text.trim().length < 2) {
      setObjects([]);
      return undefined;
    }
    const abort = new AbortController();
    const timer = setTimeout(
      () => void findObjects(text.trim(), abort.signal).then(setObjects, () => undefined),
      TYPING_PAUSE_MS,
    );
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  return objects;
}

async function findObjects(text: string, abort: AbortSignal): Promise<readonly Command[]> {
  const query = (columns: string): string =>
    new URLSearchParams({
      page: "1",
      page_size: String(FOUND_MAX),
      name: text,
      use_regex: "false",
      columns,
    }).toString();
  const [queues, exchanges, connections] = await Promise.all([
    get<Page<QueueInfo>>(`queues?${query("name,vhost")}`, abort),
    get<Page<ExchangeInfo>>(`exchanges?${query("name,vhost")}`, abort),
    get<Page<ConnectionInfo>>(`connections?${query("name,user_provided_name")}`, abort),
  ]);
  return [
    ...queues.items.map((queue) => ({
      kind: t("queue in {vhost}", { vhost: queue.vhost }),
      text: queue.name,
      run: () => goTo(href(["queues", queue.vhost, queue.name])),
    })),
    ...exchanges.items.map((exchange) => ({
      kind: t("exchange in {vhost}", { vhost: exchange.vhost }),
      text: exchangeName(exchange.name),
      run: () => goTo(exchangeAddress(exchange.vhost, exchange.name)),
    })),
    ...connections.items.map((connection) => ({
      kind: t("connection"),
      text: connection.user_provided_name ?? connection.name,
      run: () => goTo(href(["connections", connection.name])),
    })),
  ];
}
