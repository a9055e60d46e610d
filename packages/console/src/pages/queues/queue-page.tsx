import type { JSX } from "preact";
import { apiPath } from "../../api/client.ts";
import { type Resource, useResource } from "../../api/resource.ts";
import type { QueueInfo } from "../../api/types.ts";
import { goTo, href, location } from "../../app/router.ts";
import { count } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { rangeQuery } from "../../ui/chart-ranges.ts";
import { QUEUE_RATES, RangeChoice, RatesChart, TotalsChart } from "../../ui/message-charts.tsx";
import { VhostLink } from "../../ui/object-links.tsx";
import { PageHead, Pending, Section, Stale, State, Tabs } from "../../ui/parts.tsx";
import { ConsumerTable } from "../clients/consumer-table.tsx";
import { BindingsOfQueue } from "../exchanges/bindings.tsx";
import { MessageBrowser } from "../messages/message-browser.tsx";
import { PublishForm } from "../messages/publish-form.tsx";
import { deleteQueues, purgeQueues } from "./queue-actions.tsx";
import { QueueFacts, QueueTraffic } from "./queue-facts.tsx";
import { hasReplicas, ReplicasTab } from "./replicas-tab.tsx";

/** One queue, in tabs. */
export function QueuePage(props: { readonly vhost: string; readonly name: string }): JSX.Element {
  const path = apiPath("queues", props.vhost, props.name);
  const queue = useResource<QueueInfo>(`${path}?${rangeQuery(["lengths", "msg_rates"])}`);
  const { data } = queue;
  const tab = location.value.query.get("tab") ?? "overview";
  return (
    <>
      <PageHead
        title={
          <>
            {t("Queue")} {props.name}{" "}
            <span class="title-count">
              {t("in")} <VhostLink name={props.vhost} />
            </span>
          </>
        }
      >
        {data !== undefined && <Actions queue={data} />}
      </PageHead>
      {data === undefined ? (
        <Pending error={queue.error} what={t("Queue {name}", { name: props.name })} />
      ) : (
        <>
          <Stale error={queue.error} />
          <Tabs label={t("Parts of the queue")} current={tab} tabs={tabsOf(data)} />
          <TabBody tab={tab} queue={data} resource={queue} />
        </>
      )}
    </>
  );
}

function tabsOf(queue: QueueInfo): readonly (readonly [string, string])[] {
  return [
    ["overview", t("Overview")],
    ["consumers", `${t("Consumers")} ${count(queue.consumers)}`],
    ["bindings", t("Bindings")],
    ["messages", `${t("Messages")} ${count(queue.messages)}`],
    ["publish", t("Publish")],
    ...(hasReplicas(queue) ? [["replicas", t("Replicas")] as const] : []),
  ];
}

function TabBody(props: {
  readonly tab: string;
  readonly queue: QueueInfo;
  readonly resource: Resource<QueueInfo>;
}): JSX.Element {
  const { queue } = props;
  switch (props.tab) {
    case "consumers":
      return (
        <Section title={t("Consumers")}>
          <ConsumerTable consumers={queue.consumer_details ?? []} without="queue" />
        </Section>
      );
    case "bindings":
      return <BindingsOfQueue queue={queue} />;
    case "messages":
      return <MessageBrowser queue={queue} />;
    case "publish":
      return (
        <Section title={t("Publish to this queue")}>
          <PublishForm vhost={queue.vhost} exchange="" routingKey={queue.name} isFixed />
        </Section>
      );
    case "replicas":
      return <ReplicasTab queue={queue} />;
    default:
      return <OverviewTab queue={queue} />;
  }
}

function OverviewTab(props: { readonly queue: QueueInfo }): JSX.Element {
  const { queue } = props;
  return (
    <>
      <div class="toolbar">
        <State state={queue.state} />
        <RangeChoice />
      </div>
      <div class="columns">
        <Section title={t("Queued messages")}>
          <TotalsChart totals={queue} />
        </Section>
        <Section title={t("Message rates")}>
          <RatesChart stats={queue.message_stats} keys={QUEUE_RATES} />
        </Section>
      </div>
      <QueueFacts queue={queue} />
      <QueueTraffic queue={queue} />
    </>
  );
}

function Actions(props: { readonly queue: QueueInfo }): JSX.Element {
  const { queue } = props;
  return (
    <>
      <button type="button" onClick={() => void purgeQueues([queue])}>
        {t("Purge")}
      </button>
      <button
        type="button"
        class="danger"
        onClick={() =>
          void deleteQueues([queue]).then((isDone) => isDone && goTo(href(["queues"])))
        }
      >
        {t("Delete")}
      </button>
    </>
  );
}
