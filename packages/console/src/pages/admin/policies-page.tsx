import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { apiPath } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { PolicyInfo } from "../../api/types.ts";
import { chosenVhost } from "../../app/preferences.ts";
import { isAllowed } from "../../app/session.ts";
import { t } from "../../i18n/translate.ts";
import { DataTable } from "../../ui/data-table.tsx";
import { PolicyLink, VhostLink } from "../../ui/object-links.tsx";
import { Choice, Fold, PageHead, Pending, Stale } from "../../ui/parts.tsx";
import { ArgumentList } from "../queues/queue-features.tsx";
import { PolicyForm, type PolicyKind } from "./policy-form.tsx";
import { deletePolicy } from "./policy-page.tsx";

/** Policies of users, and those of operators. */
export function PoliciesPage(): JSX.Element {
  const [kind, setKind] = useState<PolicyKind>("policies");
  const path = chosenVhost.value === "" ? kind : apiPath(kind, chosenVhost.value);
  const policies = useResource<readonly PolicyInfo[]>(path);
  const mayChange = isAllowed(kind === "policies" ? "policymaker" : "administrator");
  return (
    <>
      <PageHead title={t("Policies")}>
        <Choice
          label={t("Kind of policies")}
          value={kind}
          options={[
            ["policies", t("Policies")],
            ["operator-policies", t("Operator policies")],
          ]}
          onChoose={(value) => setKind(value as PolicyKind)}
        />
      </PageHead>
      <p class="muted small-text">
        {kind === "policies"
          ? t(
              "A policy sets arguments for all queues and exchanges whose name fits its pattern; one policy applies to each, that of the highest priority.",
            )
          : t(
              "An operator policy sets limits that nobody can exceed: of two values the lower one counts.",
            )}
      </p>
      {policies.data === undefined ? (
        <Pending error={policies.error} />
      ) : (
        <>
          <Stale error={policies.error} />
          <PolicyTable policies={policies.data} kind={kind} mayChange={mayChange} />
        </>
      )}
      {mayChange && (
        <Fold title={kind === "policies" ? t("Add a policy") : t("Add an operator policy")}>
          <PolicyForm key={kind} kind={kind} />
        </Fold>
      )}
    </>
  );
}

function PolicyTable(props: {
  readonly policies: readonly PolicyInfo[];
  readonly kind: PolicyKind;
  readonly mayChange: boolean;
}): JSX.Element {
  const { kind } = props;
  return (
    <DataTable
      label={t("Policies")}
      rows={props.policies}
      rowKey={(policy) => `${policy.vhost} ${policy.name}`}
      columns={[
        {
          key: "name",
          label: t("Name"),
          cell: (policy) =>
            kind === "policies" ? (
              <PolicyLink vhost={policy.vhost} name={policy.name} />
            ) : (
              policy.name
            ),
        },
        {
          key: "vhost",
          label: t("Virtual host"),
          cell: (policy) => <VhostLink name={policy.vhost} />,
        },
        { key: "pattern", label: t("Pattern"), cell: (policy) => <code>{policy.pattern}</code> },
        { key: "apply-to", label: t("Applies to"), cell: (policy) => policy["apply-to"] },
        { key: "priority", label: t("Priority"), numeric: true, cell: (policy) => policy.priority },
        {
          key: "definition",
          label: t("Sets"),
          cell: (policy) => <ArgumentList of={policy.definition} />,
        },
        ...(props.mayChange
          ? [
              {
                key: "delete",
                label: t("Remove"),
                cell: (policy: PolicyInfo) => (
                  <button
                    type="button"
                    class="small"
                    onClick={() => void deletePolicy(policy, kind)}
                  >
                    {t("Delete")}
                  </button>
                ),
              },
            ]
          : []),
      ]}
    />
  );
}
