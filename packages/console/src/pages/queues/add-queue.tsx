import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { apiPath, put } from "../../api/client.ts";
import { chosenVhost } from "../../app/preferences.ts";
import { goTo, href } from "../../app/router.ts";
import { t } from "../../i18n/translate.ts";
import { type ArgumentRow, argumentsOf, emptyRow } from "../../ui/argument-rows.ts";
import { ArgumentsField } from "../../ui/arguments-field.tsx";
import { CheckField, formValues, SelectField, TextField } from "../../ui/fields.tsx";
import { Fold } from "../../ui/parts.tsx";
import { perform } from "../../ui/toasts.tsx";
import { VhostField } from "../../ui/vhost-field.tsx";
import { queueHints } from "./queue-hints.ts";

/** The form that declares a queue. */
export function AddQueue(): JSX.Element {
  const [type, setType] = useState("classic");
  const [rows, setRows] = useState<readonly ArgumentRow[]>([emptyRow()]);
  const submit = async (form: HTMLFormElement): Promise<void> => {
    const { vhost = chosenVhost.value, name = "", ...values } = formValues(form);
    const isAdded = await perform(t("Queue {name} is there.", { name }), () => {
      const args = { ...argumentsOf(rows), "x-queue-type": type };
      const isDurable = type !== "classic" || values["durable"] === "on";
      return put(apiPath("queues", vhost, name), {
        durable: isDurable,
        auto_delete: values["auto_delete"] === "on",
        arguments: args,
      });
    });
    if (isAdded) {
      goTo(href(["queues", vhost, name]));
    }
  };
  return (
    <Fold title={t("Add a queue")}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <VhostField />
        <TextField label={t("Name")} name="name" required />
        <SelectField
          label={t("Type")}
          value={type}
          onInput={setType}
          options={["classic", "quorum"]}
          help={t(
            "A quorum queue is kept on several nodes and survives the loss of one. A classic queue is kept on one node, or mirrored by a policy. The type cannot be changed later.",
          )}
        />
        <div class="field">
          {type === "classic" && (
            <CheckField label={t("Durable: survives a restart")} name="durable" checked />
          )}
          <CheckField label={t("Delete when the last consumer leaves")} name="auto_delete" />
        </div>
        <ArgumentsField
          label={t("Arguments")}
          rows={rows}
          onRows={setRows}
          hints={queueHints(type)}
        />
        <div class="buttons">
          <button type="submit" class="primary">
            {t("Add queue")}
          </button>
        </div>
      </form>
    </Fold>
  );
}
