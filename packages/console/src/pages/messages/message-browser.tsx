import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { get } from "../../api/client.ts";
import type { MessageInfo, QueueInfo } from "../../api/types.ts";
import { count } from "../../format/quantities.ts";
import { t, tn } from "../../i18n/translate.ts";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Section } from "../../ui/parts.tsx";
import { errorText } from "../../ui/toasts.tsx";
import { FollowMessages } from "./follow-messages.tsx";
import { MessageCard } from "./message-card.tsx";
import { messageTest } from "./message-search.ts";
import { MoveMessages } from "./move-messages.tsx";
import { peekPath } from "./peek.ts";
import { TakeMessages } from "./take-messages.tsx";

/** Looks at the messages of a queue without changing anything: order, position and the redelivered mark stay as they are. */
export function MessageBrowser(props: { readonly queue: QueueInfo }): JSX.Element {
  const { queue } = props;
  const [limit, setLimit] = useState("20");
  const [search, setSearch] = useState("");
  const [messages, setMessages] = useState<readonly MessageInfo[]>();
  const [problem, setProblem] = useState("");
  const test = useMemo(() => messageTest(search), [search]);
  const found = (messages ?? [])
    .map((message, at) => ({ message, at }))
    .filter(({ message }) => test(message));

  const look = async (): Promise<void> => {
    try {
      setMessages(await get<readonly MessageInfo[]>(peekPath(queue, Number(limit))));
      setProblem("");
    } catch (error) {
      setProblem(errorText(error));
    }
  };
  return (
    <>
      <Section title={t("Look at messages")}>
        <p class="muted small-text">
          {t(
            "Nothing is taken from the queue: order, position and the redelivered mark stay as they are. {n} messages are ready.",
            { n: count(queue.messages_ready) },
          )}
        </p>
        <form
          class="toolbar"
          onSubmit={(event) => {
            event.preventDefault();
            void look();
          }}
        >
          <SelectField
            label={t("How many")}
            quiet
            value={limit}
            options={["1", "5", "20", "50", "100"]}
            onInput={setLimit}
          />
          <button type="submit" class="primary">
            {t("Look")}
          </button>
        </form>
        <TextField
          label={t("Search in what was fetched")}
          value={search}
          onInput={setSearch}
          wide
          type="search"
          placeholder='$.order.id=17  header.tenant=a  key~paid  "some words"'
          help={t(
            "All words must fit. $.a.b[0]=1 looks into a JSON body, header.name=value at a header, key=… at the routing key; besides = there are !=, >, < and ~ (holds). Any other word is looked for in body, headers and routing key.",
          )}
        />
        {problem !== "" && (
          <p class="notice notice-bad" role="alert">
            {problem}
          </p>
        )}
        {messages !== undefined && (
          <p aria-live="polite">
            {search === ""
              ? tn(messages.length, "1 message", "{n} messages")
              : t("{some} of {all} messages fit", { some: found.length, all: messages.length })}
          </p>
        )}
        <ol class="messages">
          {found.map(({ message, at }) => (
            <li key={at}>
              <MessageCard message={message} place={at + 1} queue={queue} />
            </li>
          ))}
        </ol>
      </Section>
      <FollowMessages queue={queue} test={test} />
      <MoveMessages queue={queue} />
      <TakeMessages queue={queue} />
    </>
  );
}
