import type { JSX } from "preact";
import { apiPath, put } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import { isAllowed } from "../../app/session.ts";
import { t } from "../../i18n/translate.ts";
import { DataTable } from "../../ui/data-table.tsx";
import { Badge, PageHead, Pending } from "../../ui/parts.tsx";
import { perform } from "../../ui/toasts.tsx";

interface FeatureInfo {
  readonly name: string;
  readonly desc?: string;
  readonly state?: string;
  readonly stability?: string;
}

/** Features that the whole cluster has to know. */
export function FeaturesPage(): JSX.Element {
  const features = useResource<readonly FeatureInfo[]>("feature-flags");
  return (
    <>
      <PageHead title={t("Features")} />
      {features.data === undefined ? (
        <Pending error={features.error} />
      ) : (
        <DataTable
          label={t("Features")}
          rows={features.data}
          rowKey={(feature) => feature.name}
          columns={[
            { key: "name", label: t("Name"), cell: (feature) => <code>{feature.name}</code> },
            { key: "desc", label: t("Description"), cell: (feature) => feature.desc },
            {
              key: "state",
              label: t("State"),
              cell: (feature) => <FeatureState feature={feature} />,
            },
          ]}
        />
      )}
    </>
  );
}

function FeatureState(props: { readonly feature: FeatureInfo }): JSX.Element {
  const { feature } = props;
  if (feature.state === "enabled" || !isAllowed("administrator")) {
    return (
      <Badge text={feature.state ?? "–"} tone={feature.state === "enabled" ? "good" : "plain"} />
    );
  }
  return (
    <button
      type="button"
      class="small"
      onClick={() =>
        void perform(t("{name} is enabled.", { name: feature.name }), () =>
          put(`${apiPath("feature-flags", feature.name)}/enable`, { name: feature.name }),
        )
      }
    >
      {t("Enable")}
    </button>
  );
}
