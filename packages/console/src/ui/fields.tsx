import type { ComponentChildren, JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { t } from "../i18n/translate.ts";

interface FieldProps {
  readonly label: string;
  /** What the field means, shown on demand below it. */
  readonly help?: string;
  /** Whether the label is only for screen readers. */
  readonly quiet?: boolean;
  readonly children: (id: string, describedBy: string | undefined) => ComponentChildren;
}

/** A labelled input with its help. */
function Field(props: FieldProps): JSX.Element {
  const id = useId();
  const helpId = `${id}-help`;
  const [open, setOpen] = useState(false);
  return (
    <div class="field">
      <div class="field-label">
        <label for={id} class={props.quiet ? "visually-hidden" : undefined}>
          {props.label}
        </label>
        {props.help !== undefined && (
          <button
            type="button"
            class="help-mark"
            aria-expanded={open}
            aria-controls={helpId}
            aria-label={t("Help: {what}", { what: props.label })}
            onClick={() => setOpen(!open)}
          >
            ?
          </button>
        )}
      </div>
      {props.children(id, open && props.help !== undefined ? helpId : undefined)}
      {props.help !== undefined && (
        <p class="help-text" id={helpId} hidden={!open}>
          {props.help}
        </p>
      )}
    </div>
  );
}

interface InputProps {
  readonly label: string;
  readonly name?: string;
  readonly help?: string;
  readonly quiet?: boolean;
  readonly value?: string;
  readonly onInput?: (value: string) => void;
}

interface TextFieldProps extends InputProps {
  readonly type?: "text" | "password" | "number" | "search";
  readonly required?: boolean;
  readonly placeholder?: string;
  /** Names that complete what is typed. */
  readonly choices?: readonly string[];
  readonly autoComplete?: string;
  readonly autoFocus?: boolean;
  readonly min?: number;
  readonly wide?: boolean;
  readonly class?: string;
}

/** A line of text. */
export function TextField(props: TextFieldProps): JSX.Element {
  const listId = useId();
  return (
    <Field label={props.label} help={props.help} quiet={props.quiet}>
      {(id, describedBy) => (
        <>
          <input
            id={id}
            name={props.name}
            class={[props.wide ? "wide" : "", props.class ?? ""].join(" ").trim() || undefined}
            // Preact's types join `type` with what else is allowed; `list` and `min` are ignored where they make no sense.
            type={(props.type ?? "text") as "text"}
            required={props.required}
            min={props.min}
            placeholder={props.placeholder}
            autocomplete={props.autoComplete ?? "off"}
            autofocus={props.autoFocus}
            spellcheck={false}
            autocapitalize="none"
            aria-describedby={describedBy}
            list={props.choices === undefined ? undefined : listId}
            {...(props.onInput === undefined
              ? { defaultValue: props.value }
              : { value: props.value ?? "" })}
            onInput={props.onInput && ((event) => props.onInput?.(event.currentTarget.value))}
          />
          {props.choices !== undefined && (
            <datalist id={listId}>
              {props.choices.map((choice) => (
                <option key={choice} value={choice} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

/** A text of several lines. */
export function TextArea(
  props: InputProps & { readonly rows?: number; readonly required?: boolean },
): JSX.Element {
  return (
    <Field label={props.label} help={props.help} quiet={props.quiet}>
      {(id, describedBy) => (
        <textarea
          id={id}
          name={props.name}
          rows={props.rows ?? 6}
          required={props.required}
          spellcheck={false}
          aria-describedby={describedBy}
          {...(props.onInput === undefined
            ? { defaultValue: props.value }
            : { value: props.value ?? "" })}
          onInput={props.onInput && ((event) => props.onInput?.(event.currentTarget.value))}
        />
      )}
    </Field>
  );
}

/** One of several; each option is a value, or a value with its text. */
export function SelectField(
  props: InputProps & { readonly options: readonly (string | readonly [string, string])[] },
): JSX.Element {
  return (
    <Field label={props.label} help={props.help} quiet={props.quiet}>
      {(id, describedBy) => (
        <select
          id={id}
          name={props.name}
          aria-describedby={describedBy}
          {...(props.value !== undefined && { value: props.value })}
          onChange={props.onInput && ((event) => props.onInput?.(event.currentTarget.value))}
        >
          {props.options.map((option) => {
            const [value, text] = typeof option === "string" ? [option, option] : option;
            return (
              <option key={value} value={value}>
                {text}
              </option>
            );
          })}
        </select>
      )}
    </Field>
  );
}

interface CheckFieldProps {
  readonly label: string;
  readonly name?: string;
  readonly checked?: boolean;
  readonly onInput?: (checked: boolean) => void;
}

/** Yes or no. */
export function CheckField(props: CheckFieldProps): JSX.Element {
  return (
    <label class="check">
      <input
        type="checkbox"
        name={props.name}
        {...(props.onInput === undefined
          ? { defaultChecked: props.checked }
          : { checked: props.checked ?? false })}
        onChange={props.onInput && ((event) => props.onInput?.(event.currentTarget.checked))}
      />
      <span>{props.label}</span>
    </label>
  );
}

/** The texts of a form's named inputs; a ticked box is "on", one that is not is absent. */
export function formValues(form: HTMLFormElement): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") {
      values[name] = value;
    }
  }
  return values;
}
