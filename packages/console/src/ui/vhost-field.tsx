import type { JSX } from "preact";
import { useResource } from "../api/resource.ts";
import type { VhostInfo } from "../api/types.ts";
import { chosenVhost } from "../app/preferences.ts";
import { t } from "../i18n/translate.ts";
import { SelectField } from "./fields.tsx";

/** Names of the virtual hosts that the user may see. */
export function useVhosts(): readonly string[] {
  return (useResource<readonly VhostInfo[]>("vhosts?columns=name", { once: true }).data ?? []).map(
    (vhost) => vhost.name,
  );
}

/** In which virtual host something new is made; the one chosen in the frame if there is one. */
export function VhostField(props: {
  readonly value?: string;
  readonly onInput?: (name: string) => void;
}): JSX.Element {
  const names = useVhosts();
  return (
    <SelectField
      label={t("Virtual host")}
      name="vhost"
      options={names.length === 0 ? ["/"] : names}
      value={props.value ?? (chosenVhost.value === "" ? (names[0] ?? "/") : chosenVhost.value)}
      onInput={props.onInput}
    />
  );
}
