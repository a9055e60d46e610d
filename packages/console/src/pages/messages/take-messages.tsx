import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { apiPath, post } from "../../api/client.ts";
import { refreshAll } from "../../api/resource.ts";
import type { MessageInfo, QueueInfo } from "../../api/types.ts";
import { t } from "../../i18n/translate.ts";
import { confirmAction } from "../../ui/confirm.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Fold } from "../../ui/parts.tsx";
import { tellFailed } from "../../ui/toasts.tsx";
import { MessageCard } from "./message-card.tsx";

/** Gets messages as a consumer does, with all that follows from it. */
export function TakeMessages(props: { readonly queue: QueueInfo }): JSX.Element {
  const { queue } = props;
  const [mode, setMode] = useState("ack_requeue_false");
  const [limit, setLimit] = useState("1");
  const [messages, setMessages] = useState<readonly MessageInfo[]>([]);
  const take = async (): Promise<void> => {
    if (!(await isSure(mode, limit))) {
      return;
    }
    try {
      setMessages(
        await post<readonly MessageInfo[]>(`${apiPath("queues", queue.vhost, queue.name)}/get`, {
          count: Number(limit),
          ackmode: mode,
          encoding: "auto",
        }),
      );
      refreshAll();
    } catch (error) {
      tellFailed(error);
    }
  };
  return (
    <Fold title={t("Take messages from the queue")}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void take();
        }}
      >
        <SelectField
          label={t("What becomes of them")}
          value={mode}
          onInput={setMode}
          options={[
            ["ack_requeue_false", t("acknowledged: they are gone")],
            ["reject_requeue_false", t("rejected: they become dead letters, or are gone")],
            ["ack_requeue_true", t("put back, marked as redelivered")],
          ]}
        />
        <TextField label={t("How many")} type="number" min={1} value={limit} onInput={setLimit} />
        <div class="buttons">
          <button type="submit" class="danger">
            {t("Take")}
          </button>
        </div>
      </form>
      <ol class="messages">
        {messages.map((message, at) => (
          <li key={at}>
            <MessageCard message={message} place={at + 1} queue={queue} />
          </li>
        ))}
      </ol>
    </Fold>
  );
}

function isSure(mode: string, limit: string): Promise<boolean> {
  return mode === "ack_requeue_true"
    ? Promise.resolve(true)
    : confirmAction({
        title: t("Take {n} messages from the queue?", { n: limit }),
        text:
          mode === "ack_requeue_false"
            ? t("They are removed; this page is the last that shows them.")
            : t("They go to the dead-letter exchange of the queue; without one they are lost."),
        verb: t("Take"),
      });
}
