import type { JSX } from "preact";
import { apiPath, put, remove } from "../../api/client.ts";
import type { PermissionInfo, TopicPermissionInfo } from "../../api/types.ts";
import { t } from "../../i18n/translate.ts";
import { DataTable } from "../../ui/data-table.tsx";
import { formValues, TextField } from "../../ui/fields.tsx";
import { exchangeName, UserLink, VhostLink } from "../../ui/object-links.tsx";
import { Fold, Section } from "../../ui/parts.tsx";
import { perform } from "../../ui/toasts.tsx";
import { VhostField } from "../../ui/vhost-field.tsx";

/** What a pattern grants, in words where they are plain. */
function Pattern(props: { readonly value: string }): JSX.Element {
  if (props.value === "") {
    return <span class="muted">{t("nothing")}</span>;
  }
  return <>{props.value === ".*" ? t("everything") : <code>{props.value}</code>}</>;
}

function patternHelp(): string {
  return t(
    "A regular expression for names of queues and exchanges; .* is everything, ^$ nothing, ^shop\\. all that begin with shop.",
  );
}

/** The user's permissions in each virtual host, with a form for more. */
export function Permissions(props: {
  readonly user: string;
  readonly permissions: readonly PermissionInfo[];
}): JSX.Element {
  return (
    <Section title={t("Permissions")}>
      <PermissionTable permissions={props.permissions} without="user" />
      <SetPermissions user={props.user} />
    </Section>
  );
}

/** Permissions of a user, or in a virtual host. */
export function PermissionTable(props: {
  readonly permissions: readonly PermissionInfo[];
  readonly without: "user" | "vhost";
}): JSX.Element {
  return (
    <DataTable
      label={t("Permissions")}
      rows={props.permissions}
      rowKey={(permission) => `${permission.vhost} ${permission.user}`}
      empty={t("None: the virtual host cannot be entered.")}
      columns={[
        ...(props.without === "user"
          ? [
              {
                key: "vhost",
                label: t("Virtual host"),
                cell: (permission: PermissionInfo) => <VhostLink name={permission.vhost} />,
              },
            ]
          : [
              {
                key: "user",
                label: t("User"),
                cell: (permission: PermissionInfo) => <UserLink name={permission.user} />,
              },
            ]),
        {
          key: "configure",
          label: t("Configure"),
          cell: (permission) => <Pattern value={permission.configure} />,
        },
        {
          key: "write",
          label: t("Write"),
          cell: (permission) => <Pattern value={permission.write} />,
        },
        {
          key: "read",
          label: t("Read"),
          cell: (permission) => <Pattern value={permission.read} />,
        },
        {
          key: "clear",
          label: t("Remove"),
          cell: (permission) => (
            <button
              type="button"
              class="small"
              onClick={() =>
                void perform(t("Permissions removed."), () =>
                  remove(apiPath("permissions", permission.vhost, permission.user)),
                )
              }
            >
              {t("Remove")}
            </button>
          ),
        },
      ]}
    />
  );
}

function SetPermissions(props: { readonly user: string }): JSX.Element {
  const submit = (form: HTMLFormElement): void => {
    const { vhost = "/", configure = "", write = "", read = "" } = formValues(form);
    void perform(t("Permissions set."), () =>
      put(apiPath("permissions", vhost, props.user), { configure, write, read }),
    );
  };
  return (
    <Fold title={t("Set permissions")}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          submit(event.currentTarget);
        }}
      >
        <VhostField />
        <TextField
          label={t("Configure (declare, delete)")}
          name="configure"
          value=""
          placeholder={t("nothing")}
          help={patternHelp()}
        />
        <TextField
          label={t("Write (publish, bind to)")}
          name="write"
          value=""
          placeholder={t("nothing")}
          help={patternHelp()}
        />
        <TextField
          label={t("Read (consume, bind from)")}
          name="read"
          value=""
          placeholder={t("nothing")}
          help={patternHelp()}
        />
        <div class="buttons">
          <button type="submit" class="primary">
            {t("Set")}
          </button>
          <button type="button" onClick={(event) => grantAll(event.currentTarget.form)}>
            {t("Fill in everything")}
          </button>
        </div>
      </form>
    </Fold>
  );
}

function grantAll(form: HTMLFormElement | null): void {
  for (const input of form?.querySelectorAll<HTMLInputElement>('input[type="text"]') ?? []) {
    input.value = ".*";
  }
}

/** What the user may do with routing keys at topic exchanges. */
export function TopicPermissions(props: {
  readonly user: string;
  readonly permissions: readonly TopicPermissionInfo[];
}): JSX.Element {
  return (
    <Section title={t("Topic permissions")}>
      <p class="muted small-text">
        {t("Limit the routing keys at a topic exchange. Without an entry any key is allowed.")}
      </p>
      <DataTable
        label={t("Topic permissions")}
        rows={props.permissions}
        rowKey={(permission) => `${permission.vhost} ${permission.exchange}`}
        columns={[
          {
            key: "vhost",
            label: t("Virtual host"),
            cell: (permission) => <VhostLink name={permission.vhost} />,
          },
          {
            key: "exchange",
            label: t("Exchange"),
            cell: (permission) => exchangeName(permission.exchange),
          },
          {
            key: "write",
            label: t("Write"),
            cell: (permission) => <Pattern value={permission.write} />,
          },
          {
            key: "read",
            label: t("Read"),
            cell: (permission) => <Pattern value={permission.read} />,
          },
          {
            key: "clear",
            label: t("Remove"),
            cell: (permission) => (
              <button
                type="button"
                class="small"
                onClick={() =>
                  void perform(t("Permissions removed."), () =>
                    remove(
                      apiPath(
                        "topic-permissions",
                        permission.vhost,
                        permission.user,
                        permission.exchange,
                      ),
                    ),
                  )
                }
              >
                {t("Remove")}
              </button>
            ),
          },
        ]}
      />
      <SetTopicPermissions user={props.user} />
    </Section>
  );
}

function SetTopicPermissions(props: { readonly user: string }): JSX.Element {
  const submit = (form: HTMLFormElement): void => {
    const { vhost = "/", exchange = "", write = "", read = "" } = formValues(form);
    void perform(t("Permissions set."), () =>
      put(apiPath("topic-permissions", vhost, props.user), { exchange, write, read }),
    );
  };
  return (
    <Fold title={t("Set topic permissions")}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          submit(event.currentTarget);
        }}
      >
        <VhostField />
        <TextField label={t("Exchange")} name="exchange" required value="amq.topic" />
        <TextField
          label={t("Write")}
          name="write"
          value=""
          help={t("A regular expression for routing keys of published messages.")}
        />
        <TextField
          label={t("Read")}
          name="read"
          value=""
          help={t("A regular expression for routing keys of bindings.")}
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
