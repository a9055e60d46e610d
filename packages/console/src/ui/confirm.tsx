import { signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/translate.ts";
import { TextField } from "./fields.tsx";

/** A question before something that cannot be taken back. */
export interface Question {
  readonly title: string;
  /** What will happen, in full. */
  readonly text: ComponentChildren;
  /** What the button says: the action itself, never "OK". */
  readonly verb: string;
  /** What has to be typed first, for what destroys much. */
  readonly typed?: string;
}

const asked = signal<{ question: Question; answer: (yes: boolean) => void } | undefined>(undefined);

/** Asks; true if the user wants it. */
export function confirmAction(question: Question): Promise<boolean> {
  asked.value?.answer(false);
  return new Promise((resolve) => {
    asked.value = {
      question,
      answer: (yes) => {
        asked.value = undefined;
        resolve(yes);
      },
    };
  });
}

/** Where questions appear. */
export function ConfirmDialog(): JSX.Element | null {
  const current = asked.value;
  return current === undefined ? null : <Asked key={current.question.title} {...current} />;
}

function Asked(props: {
  readonly question: Question;
  readonly answer: (yes: boolean) => void;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const { question, answer } = props;
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="question" onClose={() => answer(false)}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          answer(true);
        }}
      >
        <h2 id="question">{question.title}</h2>
        <div class="dialog-text">{question.text}</div>
        {question.typed !== undefined && (
          <TextField
            label={t("Type {text} to go on", { text: question.typed })}
            value={typed}
            onInput={setTyped}
          />
        )}
        <div class="buttons">
          <button
            type="submit"
            class="danger"
            disabled={question.typed !== undefined && typed !== question.typed}
          >
            {question.verb}
          </button>
          <button type="button" onClick={() => answer(false)}>
            {t("Cancel")}
          </button>
        </div>
      </form>
    </dialog>
  );
}
