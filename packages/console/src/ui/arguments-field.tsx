import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { t } from "../i18n/translate.ts";
import { type ArgumentRow, type ArgumentType, emptyRow } from "./argument-rows.ts";

/** A known argument, offered below the rows. */
export interface ArgumentHint {
  readonly key: string;
  readonly type: ArgumentType;
  readonly text: string;
  readonly help: string;
  /** What it may be set to, if that is a choice. */
  readonly choices?: readonly string[];
}

interface ArgumentsFieldProps {
  readonly label: string;
  readonly rows: readonly ArgumentRow[];
  readonly onRows: (rows: readonly ArgumentRow[]) => void;
  readonly hints?: readonly ArgumentHint[];
}

/** Names with typed values: arguments of queues, exchanges and bindings, headers, definitions of policies. */
export function ArgumentsField(props: ArgumentsFieldProps): JSX.Element {
  const { rows, onRows } = props;
  const change = (at: number, to: Partial<ArgumentRow>): void =>
    onRows(rows.map((row, place) => (place === at ? { ...row, ...to } : row)));
  const add = (row: ArgumentRow): void =>
    onRows([...rows.filter((other) => other.key !== "" || other.value !== ""), row]);
  return (
    <fieldset class="arguments">
      <legend>{props.label}</legend>
      {rows.map((row, at) => (
        <ArgumentLine
          key={at}
          row={row}
          hints={props.hints}
          onChange={(to) => change(at, to)}
          onRemove={() => onRows(rows.filter((_, place) => place !== at))}
        />
      ))}
      <div class="hints">
        <button type="button" class="small" onClick={() => onRows([...rows, emptyRow()])}>
          {t("Add another")}
        </button>
        {(props.hints ?? []).map((hint) => (
          <button
            key={hint.key}
            type="button"
            class="hint"
            title={`${hint.key}: ${hint.help}`}
            onClick={() => add({ key: hint.key, type: hint.type, value: hint.choices?.[0] ?? "" })}
          >
            + {hint.text}
          </button>
        ))}
      </div>
    </fieldset>
  );
}

function ArgumentLine(props: {
  readonly row: ArgumentRow;
  readonly hints: readonly ArgumentHint[] | undefined;
  readonly onChange: (to: Partial<ArgumentRow>) => void;
  readonly onRemove: () => void;
}): JSX.Element {
  const { row, onChange } = props;
  const hint = props.hints?.find(({ key }) => key === row.key);
  const listId = useId();
  return (
    <div class="argument">
      <input
        aria-label={t("Name")}
        placeholder={t("Name")}
        value={row.key}
        spellcheck={false}
        onInput={(event) => onChange({ key: event.currentTarget.value })}
      />
      <span aria-hidden="true">=</span>
      <input
        aria-label={t("Value")}
        placeholder={t("Value")}
        value={row.value}
        spellcheck={false}
        list={hint?.choices && listId}
        onInput={(event) => onChange({ value: event.currentTarget.value })}
      />
      {hint?.choices !== undefined && (
        <datalist id={listId}>
          {hint.choices.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      )}
      <select
        aria-label={t("Type")}
        value={row.type}
        onChange={(event) => onChange({ type: event.currentTarget.value as ArgumentType })}
      >
        <option value="string">{t("Text")}</option>
        <option value="number">{t("Number")}</option>
        <option value="boolean">{t("Yes or no")}</option>
        <option value="json">JSON</option>
      </select>
      <button
        type="button"
        class="plain"
        aria-label={t("Remove {name}", { name: row.key })}
        onClick={props.onRemove}
      >
        ×
      </button>
      {hint !== undefined && <p class="help-text">{hint.help}</p>}
    </div>
  );
}
