import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { apiPath, get, put, remove } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { Page, UserInfo } from "../../api/types.ts";
import { count } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { DataTable } from "../../ui/data-table.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Fold, Meter, PageHead, Pending, Section } from "../../ui/parts.tsx";
import { perform } from "../../ui/toasts.tsx";
import { useVhosts } from "../../ui/vhost-field.tsx";

interface VhostLimits {
  readonly vhost: string;
  readonly value: Readonly<Record<string, number>>;
}

interface UserLimits {
  readonly user: string;
  readonly value: Readonly<Record<string, number>>;
}

/** One limit of one virtual host or user. */
interface LimitRow {
  readonly of: string;
  readonly key: string;
  readonly value: number;
}

/** Limits of virtual hosts and users, each beside what is in use. */
export function LimitsPage(): JSX.Element {
  const users = useResource<readonly UserInfo[]>("users?columns=name", { once: true });
  const vhosts = useVhosts();
  return (
    <>
      <PageHead title={t("Limits")} />
      <LimitSection
        kind="vhost-limits"
        title={t("Of virtual hosts")}
        names={vhosts}
        keys={["max-connections", "max-queues"]}
      />
      <LimitSection
        kind="user-limits"
        title={t("Of users")}
        names={(users.data ?? []).map((user) => user.name)}
        keys={["max-connections", "max-channels"]}
      />
    </>
  );
}

interface LimitSectionProps {
  readonly kind: "vhost-limits" | "user-limits";
  readonly title: string;
  readonly names: readonly string[];
  readonly keys: readonly string[];
}

function LimitSection(props: LimitSectionProps): JSX.Element {
  const limits = useResource<readonly (VhostLimits | UserLimits)[]>(props.kind);
  const rows = (limits.data ?? []).flatMap((entry) =>
    Object.entries(entry.value).map(
      ([key, value]): LimitRow => ({ of: "vhost" in entry ? entry.vhost : entry.user, key, value }),
    ),
  );
  return (
    <Section title={props.title}>
      {limits.data === undefined ? (
        <Pending error={limits.error} />
      ) : (
        <DataTable
          label={props.title}
          rows={rows}
          rowKey={(row) => `${row.of} ${row.key}`}
          empty={t("No limit is set.")}
          columns={[
            {
              key: "of",
              label: props.kind === "vhost-limits" ? t("Virtual host") : t("User"),
              cell: (row) => row.of,
            },
            { key: "key", label: t("Limit"), cell: (row) => <code>{row.key}</code> },
            {
              key: "value",
              label: t("At most"),
              numeric: true,
              cell: (row) => (row.value < 0 ? t("no limit") : count(row.value)),
            },
            { key: "use", label: t("In use"), cell: (row) => <Use kind={props.kind} row={row} /> },
            {
              key: "clear",
              label: t("Remove"),
              cell: (row) => (
                <button
                  type="button"
                  class="small"
                  onClick={() =>
                    void perform(t("The limit is removed."), () =>
                      remove(apiPath(props.kind, row.of, row.key)),
                    )
                  }
                >
                  {t("Remove")}
                </button>
              ),
            },
          ]}
        />
      )}
      <SetLimit {...props} />
    </Section>
  );
}

/** How much of the limit is used now. */
function Use(props: {
  readonly kind: LimitSectionProps["kind"];
  readonly row: LimitRow;
}): JSX.Element | null {
  const { row } = props;
  const [used, setUsed] = useState<number>();
  useEffect(() => {
    const path = usePath(props.kind, row);
    if (path !== undefined) {
      get<Page<unknown>>(`${path}?page=1&page_size=1&columns=name`).then(
        (page) => setUsed(page.total_count),
        () => setUsed(undefined),
      );
    }
  }, [props.kind, row.of, row.key]);
  return used === undefined ? null : (
    <Meter
      label={row.key}
      used={used}
      limit={row.value}
      text={t("{used} of {limit}", { used: count(used), limit: count(row.value) })}
    />
  );
}

/** The list whose length is the use; undefined if there is none. */
function usePath(kind: LimitSectionProps["kind"], row: LimitRow): string | undefined {
  if (kind === "user-limits") {
    return row.key === "max-connections" ? apiPath("connections", "username", row.of) : undefined;
  }
  return row.key === "max-queues"
    ? apiPath("queues", row.of)
    : `${apiPath("vhosts", row.of)}/connections`;
}

function SetLimit(props: LimitSectionProps): JSX.Element {
  const [of, setOf] = useState("");
  const [key, setKey] = useState(props.keys[0] ?? "");
  const [value, setValue] = useState("");
  const name = props.names.includes(of) ? of : (props.names[0] ?? "");
  return (
    <Fold title={t("Set a limit")}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void perform(t("The limit is set."), () =>
            put(apiPath(props.kind, name, key), { value: Number(value) }),
          );
        }}
      >
        <SelectField
          label={props.kind === "vhost-limits" ? t("Virtual host") : t("User")}
          value={name}
          options={props.names}
          onInput={setOf}
        />
        <SelectField label={t("Limit")} value={key} options={props.keys} onInput={setKey} />
        <TextField
          label={t("At most")}
          type="number"
          required
          value={value}
          onInput={setValue}
          help={t("0 allows none at all.")}
        />
        <div class="buttons">
          <button type="submit" class="primary">
            {t("Set")}
          </button>
        </div>
      </form>
    </Fold>
  );
}
