import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { apiPath, put } from "../../api/client.ts";
import type { PolicyInfo } from "../../api/types.ts";
import { chosenVhost } from "../../app/preferences.ts";
import { t } from "../../i18n/translate.ts";
import { type ArgumentRow, argumentsOf, emptyRow, rowsOf } from "../../ui/argument-rows.ts";
import { ArgumentsField } from "../../ui/arguments-field.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { perform } from "../../ui/toasts.tsx";
import { VhostField } from "../../ui/vhost-field.tsx";
import { operatorHints, policyHints } from "./policy-hints.ts";
import { PolicyMatches } from "./policy-matches.tsx";

export type PolicyKind = "policies" | "operator-policies";

/** A policy to set; what its pattern fits is shown while it is typed. */
export function PolicyForm(props: {
  readonly kind: PolicyKind;
  readonly policy?: PolicyInfo;
}): JSX.Element {
  const { kind, policy } = props;
  const [vhost, setVhost] = useState(
    policy?.vhost ?? (chosenVhost.value === "" ? "/" : chosenVhost.value),
  );
  const [name, setName] = useState(policy?.name ?? "");
  const [pattern, setPattern] = useState(policy?.pattern ?? "");
  const [applyTo, setApplyTo] = useState(
    policy?.["apply-to"] ?? (kind === "policies" ? "all" : "queues"),
  );
  const [priority, setPriority] = useState(String(policy?.priority ?? 0));
  const [rows, setRows] = useState<readonly ArgumentRow[]>(
    policy === undefined ? [emptyRow()] : rowsOf(policy.definition ?? {}),
  );
  const submit = (): void => {
    void perform(t("Policy {name} is set.", { name }), () =>
      put(apiPath(kind, vhost, name), {
        pattern,
        "apply-to": applyTo,
        priority: Number(priority),
        definition: argumentsOf(rows),
      }),
    );
  };
  const targets =
    kind === "policies"
      ? ["all", "queues", "classic_queues", "quorum_queues", "exchanges"]
      : ["queues", "classic_queues", "quorum_queues"];
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {policy === undefined && <VhostField value={vhost} onInput={setVhost} />}
      {policy === undefined && (
        <TextField label={t("Name")} required value={name} onInput={setName} />
      )}
      <TextField
        label={t("Pattern")}
        required
        value={pattern}
        onInput={setPattern}
        help={t(
          "A regular expression that is looked for anywhere in the name: ^ stands for its beginning, $ for its end. ^orders\\. fits all names that begin with orders.",
        )}
      />
      <SelectField label={t("Applies to")} value={applyTo} onInput={setApplyTo} options={targets} />
      <TextField
        label={t("Priority")}
        type="number"
        value={priority}
        onInput={setPriority}
        help={t(
          "Of several policies that fit a name the one with the highest priority counts, alone.",
        )}
      />
      <div class="full">
        <PolicyMatches vhost={vhost} pattern={pattern} applyTo={applyTo} />
      </div>
      <ArgumentsField
        label={t("Sets")}
        rows={rows}
        onRows={setRows}
        hints={kind === "policies" ? policyHints() : operatorHints()}
      />
      <div class="buttons">
        <button type="submit" class="primary">
          {t("Set the policy")}
        </button>
      </div>
    </form>
  );
}
