import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/translate.ts";
import { formValues, TextField } from "../ui/fields.tsx";
import { Mark } from "../ui/icons.tsx";
import { errorText } from "../ui/toasts.tsx";
import { LanguageChoice, ThemeChoice } from "./appearance.tsx";
import { NotRunning } from "./not-running.tsx";
import { logIn, loginNote, nodeProgress } from "./session.ts";

/** Name and password; what is wrong is said in the form. */
export function LoginPage(): JSX.Element {
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    document.title = t("Log in – Leveret");
  }, []);
  const submit = async (form: HTMLFormElement): Promise<void> => {
    const { username = "", password = "" } = formValues(form);
    setBusy(true);
    setProblem(await problemOf(username, password));
    setBusy(false);
  };
  return (
    <main class="login">
      <form
        class="login-box"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <h1>
          <Mark /> Leveret
        </h1>
        <NotRunning progress={nodeProgress.value} />
        {loginNote.value === "ended" && (
          <p class="notice">{t("Your session has ended. Log in again to go on.")}</p>
        )}
        {loginNote.value === "out" && <p class="notice">{t("You have logged out.")}</p>}
        <TextField
          label={t("User name")}
          name="username"
          required
          autoFocus
          autoComplete="username"
        />
        <TextField
          label={t("Password")}
          name="password"
          type="password"
          autoComplete="current-password"
        />
        {problem !== "" && (
          <p class="notice notice-bad" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="primary" disabled={isBusy}>
          {t("Log in")}
        </button>
        <p class="muted small-text">
          {t(
            "The user needs one of the tags management, policymaker, monitoring and administrator. The user guest may log in from the broker's own machine only.",
          )}
        </p>
        <div class="login-choices">
          <LanguageChoice />
          <ThemeChoice />
        </div>
      </form>
    </main>
  );
}

async function problemOf(username: string, password: string): Promise<string> {
  try {
    return (await logIn(username, password))
      ? ""
      : t("Wrong name or password, or the user may not use the console.");
  } catch (error) {
    return errorText(error);
  }
}
