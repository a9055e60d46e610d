import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { location } from "../../app/router.ts";
import { t } from "../../i18n/translate.ts";
import { CopyButton, PageHead, Section, Tabs } from "../../ui/parts.tsx";
import { perform } from "../../ui/toasts.tsx";
import { useVhosts } from "../../ui/vhost-field.tsx";
import { chapters, type Step } from "./chapters.ts";
import { cleanUp } from "./learn-actions.ts";

/** An introduction whose steps are done on the broker at hand. */
export function LearnPage(): JSX.Element {
  const vhosts = useVhosts();
  const vhost = vhosts.includes("/") ? "/" : (vhosts[0] ?? "/");
  const all = chapters(vhost);
  const tab = location.value.query.get("tab") ?? all[0]?.key ?? "";
  const chapter = all.find((one) => one.key === tab) ?? all[0];
  return (
    <>
      <PageHead title={t("Learn")}>
        <button
          type="button"
          onClick={() =>
            void perform(t("What the introduction made is gone."), () => cleanUp(vhost))
          }
        >
          {t("Remove what the steps made")}
        </button>
      </PageHead>
      <p>
        {t(
          "Each step below is done on this broker, in the virtual host {vhost}, with names that begin with “learn.”. Do them in their order and follow the links to see what happened.",
          { vhost },
        )}
      </p>
      <Tabs
        label={t("Chapters")}
        current={tab}
        tabs={all.map((one) => [one.key, one.title] as const)}
      />
      {chapter !== undefined && (
        <Section title={chapter.title}>
          <p>{chapter.about}</p>
          <ol class="steps" key={chapter.key}>
            {chapter.steps.map((step) => (
              <li key={step.text}>
                <StepLine step={step} />
              </li>
            ))}
          </ol>
        </Section>
      )}
    </>
  );
}

function StepLine(props: { readonly step: Step }): JSX.Element {
  const { step } = props;
  const [isDone, setDone] = useState(false);
  const { run } = step;
  return (
    <>
      <p>{step.text}</p>
      <div class="buttons">
        {run !== undefined && (
          <button
            type="button"
            onClick={() => void perform(step.done ?? t("Done."), run).then(setDone)}
          >
            {isDone ? t("Do it again") : t("Do it")}
          </button>
        )}
        {step.link !== undefined && <a href={step.link.address}>{step.link.text}</a>}
        {step.command !== undefined && (
          <>
            <code>{step.command}</code>{" "}
            <CopyButton label={t("Copy")} text={() => step.command ?? ""} />
          </>
        )}
      </div>
    </>
  );
}
