import type { JSX } from "preact";
import { apiPath, put, remove } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { VhostInfo } from "../../api/types.ts";
import { isAllowed } from "../../app/session.ts";
import { byteRate, count, rate } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { confirmAction } from "../../ui/confirm.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import { formValues, SelectField, TextField } from "../../ui/fields.tsx";
import { VhostLink } from "../../ui/object-links.tsx";
import { Badge, Fold, PageHead, Pending, Stale, YesNo } from "../../ui/parts.tsx";
import { perform } from "../../ui/toasts.tsx";

/** The virtual hosts that the user may see. */
export function VhostsPage(): JSX.Element {
  const vhosts = useResource<readonly VhostInfo[]>("vhosts");
  return (
    <>
      <PageHead title={t("Virtual hosts")} />
      {vhosts.data === undefined ? (
        <Pending error={vhosts.error} />
      ) : (
        <>
          <Stale error={vhosts.error} />
          <DataTable
            label={t("Virtual hosts")}
            rows={vhosts.data}
            rowKey={(vhost) => vhost.name}
            columns={[
              { key: "name", label: t("Name"), cell: (vhost) => <VhostLink name={vhost.name} /> },
              { key: "description", label: t("Description"), cell: (vhost) => vhost.description },
              {
                key: "tags",
                label: t("Tags"),
                cell: (vhost) => (vhost.tags ?? []).map((tag) => <Badge key={tag} text={tag} />),
              },
              {
                key: "ready",
                label: t("Ready"),
                numeric: true,
                cell: (vhost) => count(vhost.messages_ready),
              },
              {
                key: "unacked",
                label: t("Unacked"),
                numeric: true,
                cell: (vhost) => count(vhost.messages_unacknowledged),
              },
              {
                key: "in",
                label: t("Publish"),
                numeric: true,
                cell: (vhost) => rate(vhost.message_stats?.publish_details?.rate),
              },
              {
                key: "out",
                label: t("Deliver / get"),
                numeric: true,
                cell: (vhost) => rate(vhost.message_stats?.deliver_get_details?.rate),
              },
              {
                key: "recv",
                label: t("From clients"),
                numeric: true,
                cell: (vhost) => byteRate(vhost.recv_oct_details?.rate),
              },
              {
                key: "send",
                label: t("To clients"),
                numeric: true,
                cell: (vhost) => byteRate(vhost.send_oct_details?.rate),
              },
              {
                key: "tracing",
                label: t("Tracing"),
                cell: (vhost) => <YesNo value={vhost.tracing} />,
              },
            ]}
          />
        </>
      )}
      {isAllowed("administrator") && <AddVhost />}
    </>
  );
}

function AddVhost(): JSX.Element {
  const submit = (form: HTMLFormElement): void => {
    const { name = "", description, tags, default_queue_type: type } = formValues(form);
    const body = { description, tags, ...(type !== "" && { default_queue_type: type }) };
    void perform(t("Virtual host {name} is there; you may use all of it.", { name }), () =>
      put(apiPath("vhosts", name), body),
    ).then((isDone) => isDone && form.reset());
  };
  return (
    <Fold title={t("Add a virtual host")}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          submit(event.currentTarget);
        }}
      >
        <TextField
          label={t("Name")}
          name="name"
          required
          help={t(
            "Queues, exchanges and permissions of one virtual host know nothing of those of another.",
          )}
        />
        <TextField label={t("Description")} name="description" />
        <TextField
          label={t("Tags")}
          name="tags"
          help={t("Words for you, separated by commas; the broker does not look at them.")}
        />
        <SelectField
          label={t("Type of queues that do not ask for one")}
          name="default_queue_type"
          options={[["", t("classic")], "quorum"]}
        />
        <div class="buttons">
          <button type="submit" class="primary">
            {t("Add virtual host")}
          </button>
        </div>
      </form>
    </Fold>
  );
}

/** Deletes a virtual host with all that is in it, after its name was typed. */
export async function deleteVhost(vhost: VhostInfo): Promise<boolean> {
  const isSure = await confirmAction({
    title: t("Delete the virtual host {name}?", { name: vhost.name }),
    text: t(
      "All its exchanges, queues, policies, permissions and {n} messages are lost, and its connections are closed. This cannot be taken back.",
      { n: count(vhost.messages) },
    ),
    verb: t("Delete"),
    typed: vhost.name,
  });
  return (
    isSure &&
    perform(t("Virtual host {name} is deleted.", { name: vhost.name }), () =>
      remove(apiPath("vhosts", vhost.name)),
    )
  );
}
