import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { chosenVhost } from "../../app/preferences.ts";
import { location, setQuery } from "../../app/router.ts";
import { t } from "../../i18n/translate.ts";
import { PageHead, Section } from "../../ui/parts.tsx";
import { VhostField } from "../../ui/vhost-field.tsx";
import { RoutingTester } from "./routing-tester.tsx";
import { TopologyGraph } from "./topology-graph.tsx";

/** Exchanges, bindings and queues as a picture, and where a message would go. */
export function TopologyPage(): JSX.Element {
  const [own, setOwn] = useState("");
  const vhost =
    own !== ""
      ? own
      : (location.value.query.get("vhost") ?? (chosenVhost.value === "" ? "/" : chosenVhost.value));
  return (
    <>
      <PageHead title={t("Topology")}>
        <VhostField
          value={vhost}
          onInput={(name) => {
            setOwn(name);
            setQuery({ vhost: name });
          }}
        />
      </PageHead>
      <Section title={t("Where would this message go?")}>
        <RoutingTester key={vhost} vhost={vhost} />
      </Section>
      <TopologyGraph key={vhost} vhost={vhost} />
    </>
  );
}
