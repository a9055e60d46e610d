import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { apiPath, put } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { Overview } from "../../api/types.ts";
import { chosenVhost } from "../../app/preferences.ts";
import { goTo } from "../../app/router.ts";
import { t } from "../../i18n/translate.ts";
import { type ArgumentRow, argumentsOf, emptyRow } from "../../ui/argument-rows.ts";
import { type ArgumentHint, ArgumentsField } from "../../ui/arguments-field.tsx";
import { CheckField, formValues, SelectField, TextField } from "../../ui/fields.tsx";
import { exchangeAddress } from "../../ui/object-links.tsx";
import { Fold } from "../../ui/parts.tsx";
import { perform } from "../../ui/toasts.tsx";
import { VhostField } from "../../ui/vhost-field.tsx";

/** The form that declares an exchange. */
export function AddExchange(): JSX.Element {
  const overview = useResource<Overview>("overview?columns=exchange_types", { once: true });
  const types = overview.data?.exchange_types?.map(({ name }) => name) ?? [
    "direct",
    "fanout",
    "topic",
    "headers",
  ];
  const [type, setType] = useState("direct");
  const [rows, setRows] = useState<readonly ArgumentRow[]>([emptyRow()]);
  const submit = async (form: HTMLFormElement): Promise<void> => {
    const { vhost = chosenVhost.value, name = "", ...values } = formValues(form);
    const isAdded = await perform(t("Exchange {name} is there.", { name }), () =>
      put(apiPath("exchanges", vhost, name), {
        type,
        durable: values["durable"] === "on",
        auto_delete: values["auto_delete"] === "on",
        internal: values["internal"] === "on",
        arguments: argumentsOf(rows),
      }),
    );
    if (isAdded) {
      goTo(exchangeAddress(vhost, name));
    }
  };
  return (
    <Fold title={t("Add an exchange")}>
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
          options={types}
          help={typeHelp(type)}
        />
        <div class="field">
          <CheckField label={t("Durable: survives a restart")} name="durable" checked />
          <CheckField label={t("Delete when nothing is bound to it any more")} name="auto_delete" />
          <CheckField label={t("Internal: clients cannot publish to it")} name="internal" />
        </div>
        <ArgumentsField label={t("Arguments")} rows={rows} onRows={setRows} hints={hints()} />
        <div class="buttons">
          <button type="submit" class="primary">
            {t("Add exchange")}
          </button>
        </div>
      </form>
    </Fold>
  );
}

function hints(): readonly ArgumentHint[] {
  return [
    {
      key: "alternate-exchange",
      type: "string",
      text: t("Alternate exchange"),
      help: t("Exchange to which messages go that match no binding here."),
    },
  ];
}

function typeHelp(type: string): string {
  switch (type) {
    case "direct":
      return t("To the queues that are bound with exactly the routing key of the message.");
    case "fanout":
      return t("To every queue that is bound, whatever the routing key.");
    case "topic":
      return t("By patterns of words with dots: * stands for one word, # for any number of words.");
    case "headers":
      return t(
        "By the headers of the message; x-match says whether all or any of them must be equal.",
      );
    default:
      return t("See the documentation of this type.");
  }
}
