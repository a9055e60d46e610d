import type { JSX } from "preact";
import { apiPath, remove } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { PolicyInfo } from "../../api/types.ts";
import { goTo, href } from "../../app/router.ts";
import { isAllowed } from "../../app/session.ts";
import { t } from "../../i18n/translate.ts";
import { confirmAction } from "../../ui/confirm.tsx";
import { VhostLink } from "../../ui/object-links.tsx";
import { Facts, PageHead, Pending, Section } from "../../ui/parts.tsx";
import { perform } from "../../ui/toasts.tsx";
import { argumentFact } from "../queues/queue-features.tsx";
import { PolicyForm, type PolicyKind } from "./policy-form.tsx";
import { PolicyMatches } from "./policy-matches.tsx";

/** One policy: what it sets, what it fits, and a form that changes it. */
export function PolicyPage(props: { readonly vhost: string; readonly name: string }): JSX.Element {
  const policies = useResource<readonly PolicyInfo[]>(apiPath("policies", props.vhost));
  const policy = policies.data?.find((one) => one.name === props.name);
  const mayChange = isAllowed("policymaker");
  return (
    <>
      <PageHead
        title={
          <>
            {t("Policy")} {props.name}{" "}
            <span class="title-count">
              {t("in")} <VhostLink name={props.vhost} />
            </span>
          </>
        }
      >
        {policy !== undefined && mayChange && (
          <button
            type="button"
            class="danger"
            onClick={() =>
              void deletePolicy(policy, "policies").then(
                (isDone) => isDone && goTo(href(["policies"])),
              )
            }
          >
            {t("Delete")}
          </button>
        )}
      </PageHead>
      {policy === undefined ? (
        <Missing isFetched={policies.data !== undefined} error={policies.error} name={props.name} />
      ) : (
        <>
          <Section title={t("Details")}>
            <Facts
              of={[
                [t("Pattern"), <code key="p">{policy.pattern}</code>],
                [t("Applies to"), policy["apply-to"]],
                [t("Priority"), policy.priority],
                [t("Sets"), argumentFact(policy.definition)],
              ]}
            />
            <PolicyMatches
              vhost={policy.vhost}
              pattern={policy.pattern}
              applyTo={policy["apply-to"] ?? "all"}
            />
          </Section>
          {mayChange && (
            <Section title={t("Change")}>
              <PolicyForm key={JSON.stringify(policy)} kind="policies" policy={policy} />
            </Section>
          )}
        </>
      )}
    </>
  );
}

function Missing(props: {
  readonly isFetched: boolean;
  readonly error: Parameters<typeof Pending>[0]["error"];
  readonly name: string;
}): JSX.Element {
  return props.isFetched ? (
    <p class="notice">
      {t("{what} does not exist, or not any more.", {
        what: t("Policy {name}", { name: props.name }),
      })}
    </p>
  ) : (
    <Pending error={props.error} />
  );
}

/** Deletes a policy after asking; whether it was done. */
export async function deletePolicy(policy: PolicyInfo, kind: PolicyKind): Promise<boolean> {
  const isSure = await confirmAction({
    title: t("Delete the policy {name}?", { name: policy.name }),
    text: t(
      "Queues and exchanges that it fits lose what it sets at once, or come under the policy of the next lower priority.",
    ),
    verb: t("Delete"),
  });
  return (
    isSure &&
    perform(t("Policy {name} is deleted.", { name: policy.name }), () =>
      remove(apiPath(kind, policy.vhost, policy.name)),
    )
  );
}
