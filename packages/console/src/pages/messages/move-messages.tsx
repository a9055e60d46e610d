import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { apiPath, post } from "../../api/client.ts";
import { refreshAll } from "../../api/resource.ts";
import type { QueueInfo } from "../../api/types.ts";
import { t } from "../../i18n/translate.ts";
import { confirmAction } from "../../ui/confirm.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Fold } from "../../ui/parts.tsx";
import { tellDone, tellFailed } from "../../ui/toasts.tsx";
import { useNames } from "../exchanges/bindings.tsx";

/** What the broker says of a move. */
interface Moved {
  readonly moved: number;
  readonly left: number;
  readonly refused: boolean;
}

/** Moves messages to another queue, or dead letters back to where they came from. */
export function MoveMessages(props: { readonly queue: QueueInfo }): JSX.Element {
  const { queue } = props;
  const [way, setWay] = useState("queue");
  const [target, setTarget] = useState("");
  const [limit, setLimit] = useState("100");
  const names = useNames("queues", queue.vhost);
  const move = async (): Promise<void> => {
    const isSure = await confirmAction({
      title: t("Move {n} messages?", { n: limit }),
      text: t(
        "Each is taken from here only when the other queue has stored it: none is lost. If the node fails meanwhile, one may be in both.",
      ),
      verb: t("Move"),
    });
    if (isSure) {
      await send(queue, {
        count: Number(limit),
        ...(way === "origin" ? { to_origin: true } : { to_queue: target }),
      });
    }
  };
  return (
    <Fold title={t("Move messages")}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void move();
        }}
      >
        <SelectField
          label={t("Where to")}
          value={way}
          onInput={setWay}
          options={[
            ["queue", t("to another queue")],
            ["origin", t("dead letters: back to the queue that each came from")],
          ]}
        />
        {way === "queue" && (
          <TextField
            label={t("Queue")}
            required
            value={target}
            onInput={setTarget}
            choices={names.filter((name) => name !== queue.name)}
          />
        )}
        <TextField
          label={t("How many")}
          type="number"
          min={1}
          value={limit}
          onInput={setLimit}
          help={t("From the head of the queue, at most 1,000 at once.")}
        />
        <div class="buttons">
          <button type="submit">{t("Move")}</button>
        </div>
      </form>
    </Fold>
  );
}

async function send(queue: QueueInfo, body: Readonly<Record<string, unknown>>): Promise<void> {
  try {
    const { moved, left, refused } = await post<Moved>(
      `leveret/queues/${apiPath(queue.vhost, queue.name)}/move`,
      body,
    );
    if (refused) {
      tellFailed(
        new Error(
          t("{moved} moved; the next one was not taken: the queue is not there, or is full.", {
            moved,
          }),
        ),
      );
    } else {
      tellDone(
        left === 0
          ? t("{moved} moved.", { moved })
          : t("{moved} moved, {left} left: they do not say where they came from.", { moved, left }),
      );
    }
    refreshAll();
  } catch (error) {
    tellFailed(error);
  }
}
