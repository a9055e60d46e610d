import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { apiPath } from "../../api/client.ts";
import type { ChannelInfo } from "../../api/types.ts";
import { chosenVhost } from "../../app/preferences.ts";
import { language, t } from "../../i18n/translate.ts";
import { ListPage } from "../../ui/list-page.tsx";
import { channelColumns } from "./channel-columns.tsx";

/** All channels that the user may see. */
export function ChannelListPage(): JSX.Element {
  const columns = useMemo(channelColumns, [language.value]);
  return (
    <ListPage<ChannelInfo>
      name="channels"
      title={t("Channels")}
      path={
        chosenVhost.value === "" ? "channels" : `${apiPath("vhosts", chosenVhost.value)}/channels`
      }
      columns={columns}
      fields={["name"]}
      rowKey={(channel) => channel.name}
      empty={t("No channel is open.")}
    />
  );
}
