import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { apiPath } from "../../api/client.ts";
import { followEvents, type StreamEvent } from "../../api/event-stream.ts";
import type { MessageInfo, QueueInfo } from "../../api/types.ts";
import { t } from "../../i18n/translate.ts";
import { Section } from "../../ui/parts.tsx";
import { MessageCard } from "./message-card.tsx";
import type { MessageTest } from "./message-search.ts";

/** Messages that are kept on the page; older ones go. */
const SHOWN_MAX = 50;

interface Followed {
  /** The newest first. */
  readonly messages: readonly { readonly number: number; readonly message: MessageInfo }[];
  readonly seen: number;
  readonly dropped: number;
  readonly isOn: boolean;
}

const NOTHING: Followed = { messages: [], seen: 0, dropped: 0, isOn: false };

/** Copies of messages as they come into the queue; consumers get theirs all the same. */
export function FollowMessages(props: {
  readonly queue: QueueInfo;
  readonly test: MessageTest;
}): JSX.Element {
  const { vhost, name } = props.queue;
  const [isFollowing, setFollowing] = useState(false);
  const [followed, setFollowed] = useState(NOTHING);
  useEffect(() => {
    if (!isFollowing) {
      return undefined;
    }
    setFollowed(NOTHING);
    return followEvents(`leveret/queues/${apiPath(vhost, name)}/tail`, (event) =>
      setFollowed((before) => after(before, event)),
    );
  }, [isFollowing, vhost, name]);
  const shown = followed.messages.filter(({ message }) => props.test(message));
  return (
    <Section
      title={t("Follow what comes in")}
      aside={
        <button type="button" aria-pressed={isFollowing} onClick={() => setFollowing(!isFollowing)}>
          {isFollowing ? t("Stop following") : t("Follow")}
        </button>
      }
    >
      <p class="muted small-text" aria-live="polite">
        {isFollowing && !followed.isOn && t("Connecting…")}
        {followed.isOn &&
          t("{seen} seen, the last {max} are kept; the search above applies.", {
            seen: followed.seen,
            max: SHOWN_MAX,
          })}
        {followed.dropped > 0 &&
          ` ${t("{n} were left out, as they came too fast.", { n: followed.dropped })}`}
        {!isFollowing &&
          followed.seen === 0 &&
          t(
            "Shows copies of messages as they are published to this queue; its consumers get theirs all the same.",
          )}
      </p>
      <ol class="messages">
        {shown.map(({ number, message }) => (
          <li key={number}>
            <MessageCard message={message} place={number} queue={props.queue} />
          </li>
        ))}
      </ol>
    </Section>
  );
}

function after(before: Followed, { event, data }: StreamEvent): Followed {
  switch (event) {
    case "started":
      return { ...before, isOn: true };
    case "interrupted":
      return { ...before, isOn: false };
    case "dropped":
      return { ...before, dropped: before.dropped + (JSON.parse(data) as { count: number }).count };
    case "message": {
      const seen = before.seen + 1;
      const message = JSON.parse(data) as MessageInfo;
      return {
        ...before,
        seen,
        messages: [{ number: seen, message }, ...before.messages].slice(0, SHOWN_MAX),
      };
    }
    default:
      return before;
  }
}
