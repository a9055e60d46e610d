import { signal } from "@preact/signals";

/** Languages of the console; the texts in the code are English. */
export type Language = "en" | "zh";

/** Chinese texts by their English ones. */
export type Catalogue = Readonly<Record<string, string>>;

const catalogue = signal<Catalogue>({});

/** The language shown now. */
export const language = signal<Language>("en");

/** Switches to `next`; the catalogue of another language than English is fetched first. */
export async function useLanguage(next: Language): Promise<void> {
  catalogue.value = next === "zh" ? (await import("./chinese.ts")).chinese : {};
  language.value = next;
  document.documentElement.lang = next === "zh" ? "zh-CN" : "en";
}

/** The text in the language shown, with `{name}` replaced by `values.name`. */
export function t(text: string, values?: Readonly<Record<string, string | number>>): string {
  const found = catalogue.value[text] ?? text;
  return values === undefined ? found : fill(found, values);
}

/** `one` if `n` is 1, otherwise `many`; both may say `{n}`. */
export function tn(
  n: number,
  one: string,
  many: string,
  values?: Readonly<Record<string, string | number>>,
): string {
  return t(n === 1 ? one : many, { ...values, n });
}

function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Marks a text that is translated later, where it is shown. */
export function msg(text: string): string {
  return text;
}
