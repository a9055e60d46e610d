import type { JSX } from "preact";
import { language, t } from "../i18n/translate.ts";
import { SelectField } from "../ui/fields.tsx";
import { chosenLanguage, type Theme, theme } from "./preferences.ts";

/** Light, dark, or as the operating system has it. */
export function ThemeChoice(): JSX.Element {
  return (
    <SelectField
      label={t("Theme")}
      value={theme.value}
      options={[
        ["system", t("As the system")],
        ["light", t("Light")],
        ["dark", t("Dark")],
      ]}
      onInput={(value) => {
        theme.value = value as Theme;
      }}
    />
  );
}

/** The console's language; each is named in itself. */
export function LanguageChoice(): JSX.Element {
  return (
    <SelectField
      label={t("Language")}
      value={language.value}
      options={[
        ["en", "English"],
        ["zh", "中文"],
      ]}
      onInput={(value) => {
        chosenLanguage.value = value === "zh" ? "zh" : "en";
      }}
    />
  );
}
