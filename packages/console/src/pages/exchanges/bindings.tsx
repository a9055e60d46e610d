import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { apiPath, post, remove } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { BindingInfo, NamedIn, Page, QueueInfo } from "../../api/types.ts";
import { t } from "../../i18n/translate.ts";
import { type ArgumentRow, argumentsOf, emptyRow } from "../../ui/argument-rows.ts";
import { type ArgumentHint, ArgumentsField } from "../../ui/arguments-field.tsx";
import { confirmAction } from "../../ui/confirm.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { formValues, SelectField, TextField } from "../../ui/fields.tsx";
import { ExchangeLink, QueueLink } from "../../ui/object-links.tsx";
import { Badge, Fold, Pending, Section } from "../../ui/parts.tsx";
import { perform } from "../../ui/toasts.tsx";
import { ArgumentList } from "../queues/queue-features.tsx";

/** How many names complete what is typed. */
const CHOICES_MAX = 500;

/** Bindings with the end that is not this page's. */
export function BindingTable(props: {
  readonly bindings: readonly BindingInfo[];
  readonly side: "source" | "destination";
  readonly empty?: string;
}): JSX.Element {
  return (
    <DataTable
      label={t("Bindings")}
      rows={props.bindings}
      rowKey={(binding) =>
        `${binding.source}/${binding.destination_type}/${binding.destination}/${binding.properties_key}`
      }
      columns={[
        ...(props.side === "source" ? [sourceColumn()] : [destinationColumn()]),
        ...ownColumns(),
      ]}
      empty={props.empty}
    />
  );
}

function sourceColumn(): Column<BindingInfo> {
  return {
    key: "source",
    label: t("From"),
    cell: (binding) => <ExchangeLink vhost={binding.vhost} name={binding.source} />,
  };
}

function destinationColumn(): Column<BindingInfo> {
  return {
    key: "destination",
    label: t("To"),
    cell: (binding) =>
      binding.destination_type === "queue" ? (
        <QueueLink vhost={binding.vhost} name={binding.destination} />
      ) : (
        <>
          <ExchangeLink vhost={binding.vhost} name={binding.destination} />{" "}
          <Badge text={t("exchange")} />
        </>
      ),
  };
}

function ownColumns(): readonly Column<BindingInfo>[] {
  return [
    {
      key: "routing_key",
      label: t("Routing key"),
      cell: (binding) => <code>{binding.routing_key}</code>,
    },
    {
      key: "arguments",
      label: t("Arguments"),
      cell: (binding) => <ArgumentList of={binding.arguments} />,
    },
    {
      key: "unbind",
      label: t("Remove"),
      cell: (binding) =>
        binding.source === "" ? (
          <span class="muted">{t("always there")}</span>
        ) : (
          <button type="button" class="small" onClick={() => void unbind(binding)}>
            {t("Unbind")}
          </button>
        ),
    },
  ];
}

async function unbind(binding: BindingInfo): Promise<void> {
  const isSure = await confirmAction({
    title: t("Unbind {destination} from {source}?", {
      destination: binding.destination,
      source: binding.source,
    }),
    text: t("Messages with the routing key {key} no longer take this way.", {
      key: binding.routing_key === "" ? '""' : binding.routing_key,
    }),
    verb: t("Unbind"),
  });
  if (isSure) {
    await perform(t("Unbound."), () => remove(bindingPath(binding, binding.properties_key)));
  }
}

function bindingPath(
  binding: Omit<BindingInfo, "routing_key" | "properties_key">,
  key?: string,
): string {
  const kind = binding.destination_type === "queue" ? "q" : "e";
  const path = apiPath("bindings", binding.vhost, "e", binding.source, kind, binding.destination);
  return key === undefined ? path : `${path}/${encodeURIComponent(key)}`;
}

/** The bindings of a queue, with a form for more. */
export function BindingsOfQueue(props: { readonly queue: QueueInfo }): JSX.Element {
  const { queue } = props;
  const bindings = useResource<readonly BindingInfo[]>(
    `${apiPath("queues", queue.vhost, queue.name)}/bindings`,
  );
  return (
    <Section title={t("Gets messages from")}>
      {bindings.data === undefined ? (
        <Pending error={bindings.error} />
      ) : (
        <BindingTable bindings={bindings.data} side="source" />
      )}
      <AddBinding vhost={queue.vhost} queue={queue.name} />
    </Section>
  );
}

interface AddBindingProps {
  readonly vhost: string;
  /** The exchange to bind to, if this is its page. */
  readonly source?: string;
  readonly type?: string;
  /** The queue to bind, if this is its page. */
  readonly queue?: string;
}

/** The form that binds a queue or an exchange to an exchange. */
export function AddBinding(props: AddBindingProps): JSX.Element {
  const [kind, setKind] = useState<"queue" | "exchange">("queue");
  const [rows, setRows] = useState<readonly ArgumentRow[]>([emptyRow()]);
  const other =
    props.queue === undefined ? (kind === "queue" ? "queues" : "exchanges") : "exchanges";
  const names = useNames(other, props.vhost);
  const submit = async (form: HTMLFormElement): Promise<void> => {
    const { name = "", routing_key = "" } = formValues(form);
    const isBound = await perform(t("Bound."), () => {
      const path = bindingPath({
        vhost: props.vhost,
        source: props.source ?? name,
        destination: props.queue ?? name,
        destination_type: props.queue === undefined ? kind : "queue",
      });
      return post(path, { routing_key, arguments: argumentsOf(rows) });
    });
    if (isBound) {
      form.reset();
      setRows([emptyRow()]);
    }
  };
  return (
    <Fold title={t("Add a binding")}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        {props.queue === undefined && (
          <SelectField
            label={t("To a")}
            value={kind}
            options={[
              ["queue", t("queue")],
              ["exchange", t("exchange")],
            ]}
            onInput={(value) => setKind(value === "exchange" ? "exchange" : "queue")}
          />
        )}
        <TextField
          label={props.queue === undefined ? t("Name") : t("From exchange")}
          name="name"
          required
          choices={names}
        />
        <TextField label={t("Routing key")} name="routing_key" help={keyHelp(props.type)} />
        <ArgumentsField
          label={t("Arguments")}
          rows={rows}
          onRows={setRows}
          hints={props.type === "headers" ? headerHints() : []}
        />
        <div class="buttons">
          <button type="submit" class="primary">
            {t("Bind")}
          </button>
        </div>
      </form>
    </Fold>
  );
}

function headerHints(): readonly ArgumentHint[] {
  return [
    {
      key: "x-match",
      type: "string",
      text: "x-match",
      choices: ["all", "any", "all-with-x", "any-with-x"],
      help: t("Whether all headers named here must be equal, or any of them."),
    },
  ];
}

function keyHelp(type: string | undefined): string {
  switch (type ?? "") {
    case "topic":
      return t(
        "A pattern of words with dots: * stands for one word, # for any number of words, for instance order.*.paid.",
      );
    case "fanout":
    case "headers":
      return t("This type of exchange does not look at it.");
    case "x-consistent-hash":
      return t("A number: the weight of the queue among the others.");
    default:
      return t(
        "Messages whose routing key fits this take the binding; how it is compared depends on the type of the exchange.",
      );
  }
}

/** Names of queues or exchanges that complete what is typed. */
export function useNames(kind: "queues" | "exchanges", vhost: string): readonly string[] {
  const path = `${apiPath(kind, vhost)}?page=1&page_size=${CHOICES_MAX}&columns=name,vhost`;
  const names = useResource<Page<NamedIn>>(path, { once: true });
  return (names.data?.items ?? []).map(({ name }) => name).filter((name) => name !== "");
}
