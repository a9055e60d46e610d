import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { apiPath, get, post } from "../../api/client.ts";
import { t, tn } from "../../i18n/translate.ts";
import { SelectField } from "../../ui/fields.tsx";
import { PageHead, Section } from "../../ui/parts.tsx";
import { errorText, perform, tellFailed } from "../../ui/toasts.tsx";
import { useVhosts } from "../../ui/vhost-field.tsx";
import {
  type DefinitionChange,
  type Definitions,
  definitionChanges,
} from "./definition-changes.ts";

const NAMES_SHOWN_MAX = 20;

/** Export, and import with a look at what it would do first. */
export function DefinitionsPage(): JSX.Element {
  const [vhost, setVhost] = useState("");
  const vhosts = useVhosts();
  return (
    <>
      <PageHead title={t("Definitions")} />
      <p class="muted small-text">
        {t(
          "Users, virtual hosts, permissions, policies, exchanges, queues and bindings as one JSON file in RabbitMQ's format; no messages.",
        )}
      </p>
      <SelectField
        label={t("Of")}
        value={vhost}
        options={[["", t("the whole broker")], ...vhosts.map((name) => [name, name] as const)]}
        onInput={setVhost}
      />
      <Section title={t("Export")}>
        <button type="button" onClick={() => void exportDefinitions(vhost)}>
          {t("Save as a file")}
        </button>
      </Section>
      <Import vhost={vhost} />
    </>
  );
}

function definitionsPath(vhost: string): string {
  return vhost === "" ? "definitions" : apiPath("definitions", vhost);
}

async function exportDefinitions(vhost: string): Promise<void> {
  try {
    const definitions = await get<Definitions>(definitionsPath(vhost));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(
      new Blob([JSON.stringify(definitions, null, 2)], { type: "application/json" }),
    );
    link.download = `definitions-${new Date().toISOString().slice(0, 10)}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (error) {
    tellFailed(error);
  }
}

interface Preview {
  readonly file: string;
  readonly wanted: Definitions;
  readonly changes: readonly DefinitionChange[];
}

function Import(props: { readonly vhost: string }): JSX.Element {
  const [preview, setPreview] = useState<Preview>();
  const [problem, setProblem] = useState("");
  const read = async (file: File | undefined): Promise<void> => {
    setPreview(undefined);
    setProblem("");
    if (file === undefined) {
      return;
    }
    try {
      const wanted = parseDefinitions(await file.text());
      const present = await get<Definitions>(definitionsPath(props.vhost));
      setPreview({ file: file.name, wanted, changes: definitionChanges(wanted, present) });
    } catch (error) {
      setProblem(errorText(error));
    }
  };
  return (
    <Section title={t("Import")}>
      <label class="file">
        {t("File to import")}{" "}
        <input
          type="file"
          accept=".json,application/json"
          onChange={(event) => void read(event.currentTarget.files?.[0])}
        />
      </label>
      {problem !== "" && (
        <p class="notice notice-bad" role="alert">
          {problem}
        </p>
      )}
      {preview !== undefined && (
        <ImportPreview preview={preview} vhost={props.vhost} onDone={() => setPreview(undefined)} />
      )}
    </Section>
  );
}

/** Throws an Error that says what is wrong with the file. */
function parseDefinitions(text: string): Definitions {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
      return parsed as Definitions;
    }
  } catch (cause) {
    throw new Error(t("The file is not JSON."), { cause });
  }
  throw new Error(t("The file does not hold definitions."));
}

function ImportPreview(props: {
  readonly preview: Preview;
  readonly vhost: string;
  readonly onDone: () => void;
}): JSX.Element {
  const { preview } = props;
  const touched = preview.changes.reduce(
    (sum, change) => sum + change.added.length + change.changed.length,
    0,
  );
  return (
    <>
      <h3>{t("What the import of {file} does", { file: preview.file })}</h3>
      <ul>
        {preview.changes.map((change) => (
          <li key={change.kind}>
            <strong>{change.kind}</strong>: {tn(change.added.length, "1 is new", "{n} are new")},{" "}
            {tn(change.changed.length, "1 is changed", "{n} are changed")},{" "}
            {tn(change.same, "1 stays as it is", "{n} stay as they are")}
            <Names title={t("New")} names={change.added} />
            <Names title={t("Changed")} names={change.changed} />
          </li>
        ))}
      </ul>
      <p class="muted">
        {t(
          "Nothing is deleted by an import. Queues and exchanges that exist with other properties cannot be changed: the import then stops with an error.",
        )}
      </p>
      <div class="buttons">
        <button
          type="button"
          class="primary"
          disabled={touched === 0}
          onClick={() =>
            void perform(t("Imported."), () =>
              post(definitionsPath(props.vhost), preview.wanted),
            ).then((isDone) => isDone && props.onDone())
          }
        >
          {tn(touched, "Import 1 change", "Import {n} changes")}
        </button>
      </div>
    </>
  );
}

function Names(props: {
  readonly title: string;
  readonly names: readonly string[];
}): JSX.Element | null {
  if (props.names.length === 0) {
    return null;
  }
  const rest = props.names.length - NAMES_SHOWN_MAX;
  return (
    <div class="small-text muted">
      {props.title}: {props.names.slice(0, NAMES_SHOWN_MAX).join(", ")}
      {rest > 0 && ` ${t("and {n} more", { n: rest })}`}
    </div>
  );
}
