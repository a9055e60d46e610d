import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../i18n/translate.ts";
import { TextField } from "../../ui/fields.tsx";

const LENGTH = 24;
const LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/** A new password, typed or made. */
export function PasswordField(props: {
  readonly value: string;
  readonly onInput: (password: string) => void;
}): JSX.Element {
  const [isShown, setShown] = useState(false);
  return (
    <div class="password">
      <TextField
        label={t("Password")}
        type={isShown ? "text" : "password"}
        value={props.value}
        onInput={props.onInput}
        autoComplete="new-password"
        wide
      />
      <div class="buttons">
        <button
          type="button"
          class="small"
          aria-pressed={isShown}
          onClick={() => setShown(!isShown)}
        >
          {isShown ? t("Hide") : t("Show")}
        </button>
        <button
          type="button"
          class="small"
          onClick={() => {
            props.onInput(makePassword());
            setShown(true);
          }}
        >
          {t("Make one")}
        </button>
      </div>
    </div>
  );
}

/** A password with about 140 bits of chance. */
function makePassword(): string {
  const numbers = crypto.getRandomValues(new Uint32Array(LENGTH));
  return Array.from(numbers, (number) => LETTERS[number % LETTERS.length]).join("");
}
