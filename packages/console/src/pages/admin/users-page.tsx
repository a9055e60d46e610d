import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { apiPath, put, remove } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import { type PermissionInfo, tagsOf, type UserInfo } from "../../api/types.ts";
import { goTo, href } from "../../app/router.ts";
import { t, tn } from "../../i18n/translate.ts";
import { confirmAction } from "../../ui/confirm.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import { formValues, TextField } from "../../ui/fields.tsx";
import { UserLink, VhostLink } from "../../ui/object-links.tsx";
import { Badge, Fold, PageHead, Pending, Stale } from "../../ui/parts.tsx";
import { perform } from "../../ui/toasts.tsx";
import { PasswordField } from "./password-field.tsx";
import { TagsField } from "./tags-field.tsx";

/** All users; what each may enter. */
export function UsersPage(): JSX.Element {
  const users = useResource<readonly UserInfo[]>("users");
  const permissions = useResource<readonly PermissionInfo[]>("permissions?columns=user,vhost");
  const [filter, setFilter] = useState("");
  const rows = (users.data ?? []).filter((user) => user.name.includes(filter));
  return (
    <>
      <PageHead title={t("Users")} />
      <search class="toolbar">
        <input
          type="search"
          class="filter"
          data-filter
          aria-label={t("Filter by name")}
          placeholder={t("Filter by name ( / )")}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      </search>
      {users.data === undefined ? (
        <Pending error={users.error} />
      ) : (
        <>
          <Stale error={users.error} />
          <DataTable
            label={t("Users")}
            rows={rows}
            rowKey={(user) => user.name}
            columns={[
              { key: "name", label: t("Name"), cell: (user) => <UserLink name={user.name} /> },
              {
                key: "tags",
                label: t("Tags"),
                cell: (user) => tagsOf(user.tags).map((tag) => <Badge key={tag} text={tag} />),
              },
              {
                key: "vhosts",
                label: t("May enter"),
                cell: (user) => <Vhosts user={user.name} permissions={permissions.data} />,
              },
              {
                key: "password",
                label: t("Password"),
                cell: (user) =>
                  user.password_hash === "" ? (
                    <span class="muted">{t("none: cannot log in by password")}</span>
                  ) : (
                    t("set")
                  ),
              },
            ]}
          />
        </>
      )}
      <AddUser />
    </>
  );
}

function Vhosts(props: {
  readonly user: string;
  readonly permissions: readonly PermissionInfo[] | undefined;
}): JSX.Element {
  const own = (props.permissions ?? []).filter((permission) => permission.user === props.user);
  if (props.permissions !== undefined && own.length === 0) {
    return (
      <Badge
        text={t("no virtual host")}
        tone="warn"
        title={t("The user can log in, but cannot use any virtual host.")}
      />
    );
  }
  return (
    <>
      {own.map((permission, at) => (
        <span key={permission.vhost}>
          {at > 0 && ", "}
          <VhostLink name={permission.vhost} />
        </span>
      ))}
    </>
  );
}

function AddUser(): JSX.Element {
  const [tags, setTags] = useState<readonly string[]>([]);
  const [password, setPassword] = useState("");
  const submit = async (form: HTMLFormElement): Promise<void> => {
    const { name = "" } = formValues(form);
    const body = { password, tags: tags.join(",") };
    if (
      await perform(t("User {name} is there.", { name }), () => put(apiPath("users", name), body))
    ) {
      goTo(href(["users", name]));
    }
  };
  return (
    <Fold title={t("Add a user")}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <TextField label={t("Name")} name="name" required />
        <PasswordField value={password} onInput={setPassword} />
        <TagsField tags={tags} onTags={setTags} />
        <p class="full muted small-text">
          {t(
            "A new user may enter no virtual host; permissions are given on the user's page, which opens next.",
          )}
        </p>
        <div class="buttons">
          <button type="submit" class="primary" disabled={password === ""}>
            {t("Add user")}
          </button>
        </div>
      </form>
    </Fold>
  );
}

/** Deletes a user after asking; whether it was done. */
export async function deleteUser(name: string, vhosts: number): Promise<boolean> {
  const isSure = await confirmAction({
    title: t("Delete the user {name}?", { name }),
    text:
      tn(
        vhosts,
        "Permissions in 1 virtual host are lost.",
        "Permissions in {n} virtual hosts are lost.",
      ) +
      " " +
      t("Connections of the user are closed."),
    verb: t("Delete"),
    typed: name,
  });
  return (
    isSure && perform(t("User {name} is deleted.", { name }), () => remove(apiPath("users", name)))
  );
}
