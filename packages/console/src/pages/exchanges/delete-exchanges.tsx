import { apiPath, remove } from "../../api/client.ts";
import type { ExchangeInfo } from "../../api/types.ts";
import { t, tn } from "../../i18n/translate.ts";
import { confirmAction } from "../../ui/confirm.tsx";
import { perform } from "../../ui/toasts.tsx";

const TYPED_FROM = 5;

/** Deletes exchanges with their bindings, after asking. */
export async function deleteExchanges(exchanges: readonly ExchangeInfo[]): Promise<boolean> {
  const isSure = await confirmAction({
    title:
      exchanges.length === 1
        ? t("Delete {name}?", { name: exchanges[0]?.name ?? "" })
        : t("Delete {n} exchanges?", { n: exchanges.length }),
    text: (
      <>
        <p>
          {t("Their bindings are lost, too. Whoever publishes to one of them then gets an error.")}
        </p>
        <ul>
          {exchanges.map((exchange) => (
            <li key={`${exchange.vhost}/${exchange.name}`}>
              {exchange.name} <span class="muted">{exchange.vhost}</span>
            </li>
          ))}
        </ul>
      </>
    ),
    verb: t("Delete"),
    typed: exchanges.length >= TYPED_FROM ? String(exchanges.length) : undefined,
  });
  return (
    isSure &&
    perform(tn(exchanges.length, "1 exchange deleted.", "{n} exchanges deleted."), async () => {
      for (const exchange of exchanges) {
        await remove(apiPath("exchanges", exchange.vhost, exchange.name));
      }
    })
  );
}
