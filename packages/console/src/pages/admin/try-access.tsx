import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { apiPath, get } from "../../api/client.ts";
import { t } from "../../i18n/translate.ts";
import { formValues, SelectField, TextField } from "../../ui/fields.tsx";
import { Section } from "../../ui/parts.tsx";
import { errorText } from "../../ui/toasts.tsx";
import { VhostField } from "../../ui/vhost-field.tsx";

/** The broker's answer: what it would say to a client of the user. */
interface Verdict {
  readonly allowed: boolean;
  readonly reason: string;
}

/** "Would alice read x?", answered by the same check that clients meet. */
export function TryAccess(props: { readonly user: string }): JSX.Element {
  const [verdict, setVerdict] = useState<Verdict>();
  const ask = async (form: HTMLFormElement): Promise<void> => {
    const { vhost = "/", ...rest } = formValues(form);
    const query = new URLSearchParams({ vhost, ...rest }).toString();
    try {
      setVerdict(await get<Verdict>(`leveret/users/${apiPath(props.user)}/access?${query}`));
    } catch (error) {
      setVerdict({ allowed: false, reason: errorText(error) });
    }
  };
  return (
    <Section title={t("Try it: would {user} be allowed to…", { user: props.user })}>
      <form
        class="form"
        onInput={() => setVerdict(undefined)}
        onSubmit={(event) => {
          event.preventDefault();
          void ask(event.currentTarget);
        }}
      >
        <SelectField
          label={t("Do what")}
          name="permission"
          options={[
            ["read", t("consume from the queue, or bind from the exchange")],
            ["write", t("publish to the exchange, or bind to the queue")],
            ["configure", t("declare or delete it")],
          ]}
        />
        <TextField label={t("Queue or exchange")} name="name" />
        <TextField
          label={t("Routing key")}
          name="routing_key"
          help={t(
            "Only for topic permissions: with a key, the name is taken for a topic exchange and the key is tried, too.",
          )}
        />
        <VhostField />
        <div class="buttons">
          <button type="submit">{t("Try")}</button>
        </div>
      </form>
      {verdict !== undefined && (
        <p class={verdict.allowed ? "notice notice-good" : "notice notice-bad"} role="status">
          {verdict.allowed ? t("Yes.") : t("No.")} {verdict.reason}
        </p>
      )}
    </Section>
  );
}
