import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { apiPath, put } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import {
  type PermissionInfo,
  type TopicPermissionInfo,
  tagsOf,
  type UserInfo,
} from "../../api/types.ts";
import { goTo, href } from "../../app/router.ts";
import { user as currentUser } from "../../app/session.ts";
import { t } from "../../i18n/translate.ts";
import { Badge, Facts, Fold, PageHead, Pending, Section, Stale } from "../../ui/parts.tsx";
import { perform } from "../../ui/toasts.tsx";
import { PasswordField } from "./password-field.tsx";
import { Permissions, TopicPermissions } from "./permissions.tsx";
import { TagsField } from "./tags-field.tsx";
import { TryAccess } from "./try-access.tsx";
import { deleteUser } from "./users-page.tsx";

/** One user: tags, password, permissions, and whether they do what was meant. */
export function UserPage(props: { readonly name: string }): JSX.Element {
  const path = apiPath("users", props.name);
  const user = useResource<UserInfo>(path);
  const permissions = useResource<readonly PermissionInfo[]>(`${path}/permissions`);
  const topics = useResource<readonly TopicPermissionInfo[]>(`${path}/topic-permissions`);
  const { data } = user;
  return (
    <>
      <PageHead title={`${t("User")} ${props.name}`}>
        {data !== undefined && props.name !== currentUser.value?.name && (
          <button
            type="button"
            class="danger"
            onClick={() =>
              void deleteUser(props.name, permissions.data?.length ?? 0).then(
                (isDone) => isDone && goTo(href(["users"])),
              )
            }
          >
            {t("Delete")}
          </button>
        )}
      </PageHead>
      {data === undefined ? (
        <Pending error={user.error} what={t("User {name}", { name: props.name })} />
      ) : (
        <>
          <Stale error={user.error} />
          <Section title={t("Details")}>
            <UserFacts user={data} />
          </Section>
          <Permissions user={props.name} permissions={permissions.data ?? []} />
          <TopicPermissions user={props.name} permissions={topics.data ?? []} />
          <TryAccess user={props.name} />
          <ChangeUser key={JSON.stringify(data.tags)} user={data} />
        </>
      )}
    </>
  );
}

function UserFacts(props: { readonly user: UserInfo }): JSX.Element {
  const { user } = props;
  const tags = tagsOf(user.tags);
  return (
    <Facts
      of={[
        [
          t("Tags"),
          tags.length === 0
            ? t("none: may not use the console")
            : tags.map((tag) => <Badge key={tag} text={tag} />),
        ],
        [
          t("Password"),
          user.password_hash === ""
            ? t("none: cannot log in by password")
            : t("set, kept as {algorithm}", { algorithm: user.hashing_algorithm ?? "" }),
        ],
        ...Object.entries(user.limits ?? {}).map(
          ([key, value]) => [t("Limit {key}", { key }), value] as const,
        ),
      ]}
    />
  );
}

/** RabbitMQ's API clears the password if a change of tags does not carry it, so the stored hash goes along. */
function ChangeUser(props: { readonly user: UserInfo }): JSX.Element {
  const { user } = props;
  const [tags, setTags] = useState<readonly string[]>(tagsOf(user.tags));
  const [password, setPassword] = useState("");
  const submit = (): void => {
    const secret =
      password === ""
        ? { password_hash: user.password_hash ?? "", hashing_algorithm: user.hashing_algorithm }
        : { password };
    void perform(t("User {name} is changed.", { name: user.name }), () =>
      put(apiPath("users", user.name), { tags: tags.join(","), ...secret }),
    ).then(() => setPassword(""));
  };
  return (
    <Fold title={t("Change tags or password")}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <TagsField tags={tags} onTags={setTags} />
        <PasswordField value={password} onInput={setPassword} />
        <p class="full muted small-text">{t("Without a new password the old one stays.")}</p>
        <div class="buttons">
          <button type="submit" class="primary">
            {t("Change")}
          </button>
        </div>
      </form>
    </Fold>
  );
}
