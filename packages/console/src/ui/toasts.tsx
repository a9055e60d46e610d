import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { ApiError } from "../api/client.ts";
import { refreshAll } from "../api/resource.ts";
import { t } from "../i18n/translate.ts";

interface Toast {
  readonly id: number;
  readonly kind: "done" | "failed";
  readonly text: string;
}

const DONE_MS = 4000;
const TOASTS_MAX = 5;
const toasts = signal<readonly Toast[]>([]);
let lastId = 0;

/** Says that something was done; goes away by itself. */
export function tellDone(text: string): void {
  const id = show("done", text);
  setTimeout(() => dismiss(id), DONE_MS);
}

/** Says what went wrong, in the broker's words; stays until it is dismissed. */
export function tellFailed(error: unknown): void {
  show("failed", errorText(error));
}

/** What to tell people of an error. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) {
    return error.status === 0 ? t("The broker cannot be reached.") : error.reason;
  }
  return error instanceof Error ? error.message : String(error);
}

/** Does `action`, says `done`, and lets the page look again; on failure says why. Whether it went well. */
export async function perform(done: string, action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
  } catch (error) {
    tellFailed(error);
    return false;
  }
  tellDone(done);
  refreshAll();
  return true;
}

/** Takes all messages away; whether there were any. */
export function dismissAll(): boolean {
  const had = toasts.value.length > 0;
  toasts.value = [];
  return had;
}

function show(kind: Toast["kind"], text: string): number {
  lastId += 1;
  toasts.value = [...toasts.value, { id: lastId, kind, text }].slice(-TOASTS_MAX);
  return lastId;
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Where messages appear. */
export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={`toast toast-${toast.kind}`}>
          <span>{toast.text}</span>
          <button
            type="button"
            class="plain"
            aria-label={t("Dismiss")}
            onClick={() => dismiss(toast.id)}
          >
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
