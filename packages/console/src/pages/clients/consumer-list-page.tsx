import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { apiPath } from "../../api/client.ts";
import type { ConsumerInfo } from "../../api/types.ts";
import { chosenVhost } from "../../app/preferences.ts";
import { language, t } from "../../i18n/translate.ts";
import { ListPage } from "../../ui/list-page.tsx";
import { consumerColumns, consumerKey } from "./consumer-table.tsx";

/** All consumers that the user may see. */
export function ConsumerListPage(): JSX.Element {
  const columns = useMemo(consumerColumns, [language.value]);
  return (
    <ListPage<ConsumerInfo>
      name="consumers"
      title={t("Consumers")}
      path={chosenVhost.value === "" ? "consumers" : apiPath("consumers", chosenVhost.value)}
      columns={columns}
      fields={["consumer_tag", "channel_details"]}
      rowKey={consumerKey}
      empty={t("Nobody consumes.")}
    />
  );
}
