import type { JSX } from "preact";
import { t } from "../../i18n/translate.ts";
import { CheckField } from "../../ui/fields.tsx";

/** The tags that mean something to the console, each with what it allows. */
export function TagsField(props: {
  readonly tags: readonly string[];
  readonly onTags: (tags: readonly string[]) => void;
}): JSX.Element {
  const meanings: readonly (readonly [string, string])[] = [
    ["administrator", t("administrator: everything")],
    ["monitoring", t("monitoring: sees all connections, and the nodes")],
    ["policymaker", t("policymaker: also changes policies and parameters")],
    ["management", t("management: this console, for the own virtual hosts")],
  ];
  return (
    <fieldset class="arguments">
      <legend>{t("Tags")}</legend>
      <div class="checks">
        {meanings.map(([tag, meaning]) => (
          <CheckField
            key={tag}
            label={meaning}
            checked={props.tags.includes(tag)}
            onInput={(checked) =>
              props.onTags(
                checked ? [...props.tags, tag] : props.tags.filter((other) => other !== tag),
              )
            }
          />
        ))}
      </div>
      <p class="help-text">
        {t("Applications need no tag: with permissions alone a user can publish and consume.")}
      </p>
    </fieldset>
  );
}
