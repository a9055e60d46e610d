import type { JSX } from "preact";
import { useCallback, useMemo } from "preact/hooks";
import { apiPath } from "../../api/client.ts";
import type { QueueInfo } from "../../api/types.ts";
import { chosenVhost } from "../../app/preferences.ts";
import { language, t } from "../../i18n/translate.ts";
import { ListPage } from "../../ui/list-page.tsx";
import { Trends } from "../../ui/trends.ts";
import { AddQueue } from "./add-queue.tsx";
import { deleteQueues, purgeQueues } from "./queue-actions.tsx";
import { queueColumns, queueKey } from "./queue-columns.tsx";

/** Two minutes at the usual pace, for as many queues as anybody pages through. */
const trends = new Trends(24, 2000);

/** All queues, or those of one virtual host. */
export function QueueListPage(): JSX.Element {
  const columns = useMemo(() => queueColumns(trends), [language.value]);
  const onRows = useCallback((queues: readonly QueueInfo[]) => {
    for (const queue of queues) {
      trends.add(queueKey(queue), queue.messages ?? 0);
    }
  }, []);
  return (
    <ListPage<QueueInfo>
      name="queues"
      title={t("Queues")}
      path={chosenVhost.value === "" ? "queues" : apiPath("queues", chosenVhost.value)}
      columns={columns}
      fields={["name", "vhost", "messages", "messages_ready", "consumers"]}
      rowKey={queueKey}
      quickFilters={[
        ["no_consumers", t("Messages, but no consumer")],
        ["growing", t("Growing")],
        ["stuck_unacked", t("Unacked without progress")],
        ["dead_letters", t("Holding dead letters")],
        ["no_leader", t("Without a leader")],
      ]}
      bulk={[
        { text: t("Purge"), run: purgeQueues },
        { text: t("Delete"), danger: true, run: deleteQueues },
      ]}
      onRows={onRows}
      empty={t("There is no queue yet. Clients declare queues, or you add one here.")}
    >
      <AddQueue />
    </ListPage>
  );
}
