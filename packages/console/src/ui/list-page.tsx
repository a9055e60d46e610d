import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useResource } from "../api/resource.ts";
import type { Page } from "../api/types.ts";
import { remembered } from "../app/preferences.ts";
import { location, setQuery } from "../app/router.ts";
import { count } from "../format/quantities.ts";
import { t } from "../i18n/translate.ts";
import { type Column, DataTable } from "./data-table.tsx";
import { CheckField, SelectField } from "./fields.tsx";
import { type ListQuery, listParameters, PAGE_SIZES, readListQuery } from "./list-query.ts";
import { PageHead, Pending, Stale } from "./parts.tsx";

/** Something to do with all selected rows. */
interface BulkAction<Row> {
  readonly text: string;
  readonly danger?: boolean;
  /** True if it was done; the selection is then empty. */
  readonly run: (rows: readonly Row[]) => Promise<boolean>;
}

interface ListPageProps<Row> {
  /** Under which the chosen columns are remembered. */
  readonly name: string;
  readonly title: string;
  /** The API's list, for instance `queues`; undefined while it is not known. */
  readonly path: string;
  readonly columns: readonly Column<Row>[];
  readonly rowKey: (row: Row) => string;
  /** Fields needed beside those of the columns. */
  readonly fields: readonly string[];
  readonly quickFilters?: readonly (readonly [string, string])[];
  readonly bulk?: readonly BulkAction<Row>[];
  readonly onRows?: (rows: readonly Row[]) => void;
  readonly empty?: ComponentChildren;
  /** Below the list: the form that adds one. */
  readonly children?: ComponentChildren;
}

const TYPING_PAUSE_MS = 250;
const chosenColumns = remembered<Readonly<Record<string, readonly string[]>>>("columns", {});

/** A list that the broker filters, sorts and pages. */
export function ListPage<Row>(props: ListPageProps<Row>): JSX.Element {
  const query = readListQuery(location.value.query);
  const shown = shownColumns(props.name, props.columns);
  const fields = [...props.fields, ...shown.flatMap((column) => column.fields ?? [column.key])];
  const list = useResource<Page<Row>>(`${props.path}?${listParameters(query, fields)}`);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const page = list.data;
  const { onRows } = props;
  useEffect(() => {
    if (page !== undefined) {
      onRows?.(page.items);
    }
  }, [page, onRows]);
  usePageInRange(list.error?.status, query);

  return (
    <>
      <PageHead title={<Title text={props.title} page={page} />} />
      <Toolbar
        name={props.name}
        query={query}
        columns={props.columns}
        quickFilters={props.quickFilters}
      />
      {page !== undefined && <Stale error={list.error} />}
      {page !== undefined && props.bulk !== undefined && (
        <BulkBar
          actions={props.bulk}
          rows={page.items}
          rowKey={props.rowKey}
          selected={selected}
          onSelect={setSelected}
        />
      )}
      {page === undefined ? (
        <Pending error={list.error} />
      ) : (
        <DataTable
          label={props.title}
          columns={shown}
          rows={page.items}
          rowKey={props.rowKey}
          order={query.order}
          onOrder={(order) =>
            setQuery({ sort: order.by, desc: order.descending ? "1" : "0", page: "" })
          }
          selected={selected}
          onSelect={props.bulk === undefined ? undefined : setSelected}
          empty={
            query.filter === "" && query.quick === ""
              ? props.empty
              : t("Nothing matches the filter.")
          }
        />
      )}
      {page !== undefined && <Pager page={page} />}
      {props.children}
    </>
  );
}

/** The last page may vanish while it is shown. */
function usePageInRange(status: number | undefined, query: ListQuery): void {
  useEffect(() => {
    if (status === 400 && query.page > 1) {
      setQuery({ page: "" });
    }
  }, [status, query.page]);
}

function Title<Row>(props: {
  readonly text: string;
  readonly page: Page<Row> | undefined;
}): JSX.Element {
  const { page } = props;
  if (page === undefined) {
    return <>{props.text}</>;
  }
  const figure =
    page.filtered_count === page.total_count
      ? count(page.total_count)
      : t("{some} of {all}", { some: count(page.filtered_count), all: count(page.total_count) });
  return (
    <>
      {props.text} <span class="title-count">{figure}</span>
    </>
  );
}

function shownColumns<Row>(name: string, columns: readonly Column<Row>[]): readonly Column<Row>[] {
  const chosen = chosenColumns.value[name];
  return columns.filter((column) =>
    chosen === undefined ? column.optional !== true : chosen.includes(column.key),
  );
}

function Toolbar<Row>(props: {
  readonly name: string;
  readonly query: ListQuery;
  readonly columns: readonly Column<Row>[];
  readonly quickFilters: readonly (readonly [string, string])[] | undefined;
}): JSX.Element {
  const { query } = props;
  return (
    <search class="toolbar">
      <FilterBox query={query} />
      <CheckField
        label={t("Regular expression")}
        checked={query.isRegex}
        onInput={(checked) => setQuery({ regex: checked ? "1" : "", page: "" })}
      />
      {props.quickFilters !== undefined && (
        <SelectField
          label={t("Show only")}
          quiet
          value={query.quick}
          options={[["", t("All")], ...props.quickFilters]}
          onInput={(quick) => setQuery({ quick, page: "" })}
        />
      )}
      <SelectField
        label={t("Rows on a page")}
        quiet
        value={String(query.size)}
        options={PAGE_SIZES.map((size) => [String(size), t("{n} a page", { n: size })] as const)}
        onInput={(size) => setQuery({ size, page: "" })}
      />
      <ColumnChooser name={props.name} columns={props.columns} />
    </search>
  );
}

/** The filter's text goes into the address a moment after the last key. */
function FilterBox(props: { readonly query: ListQuery }): JSX.Element {
  const [text, setText] = useState(props.query.filter);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setText(props.query.filter), [props.query.filter]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <input
      type="search"
      class="filter"
      data-filter
      aria-label={t("Filter by name")}
      placeholder={t("Filter by name ( / )")}
      value={text}
      onInput={(event) => {
        const next = event.currentTarget.value;
        setText(next);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => setQuery({ filter: next, page: "" }), TYPING_PAUSE_MS);
      }}
    />
  );
}

function ColumnChooser<Row>(props: {
  readonly name: string;
  readonly columns: readonly Column<Row>[];
}): JSX.Element {
  const shown = shownColumns(props.name, props.columns).map((column) => column.key);
  return (
    <details class="menu">
      <summary class="button">{t("Columns")}</summary>
      <fieldset class="menu-body">
        <legend class="visually-hidden">{t("Columns")}</legend>
        {props.columns.map((column) => (
          <CheckField
            key={column.key}
            label={column.label}
            checked={shown.includes(column.key)}
            onInput={(checked) => {
              const next = checked
                ? [...shown, column.key]
                : shown.filter((key) => key !== column.key);
              chosenColumns.value = { ...chosenColumns.value, [props.name]: next };
            }}
          />
        ))}
      </fieldset>
    </details>
  );
}

function BulkBar<Row>(props: {
  readonly actions: readonly BulkAction<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (keys: ReadonlySet<string>) => void;
}): JSX.Element | null {
  const rows = useMemo(
    () => props.rows.filter((row) => props.selected.has(props.rowKey(row))),
    [props.rows, props.selected, props.rowKey],
  );
  if (rows.length === 0) {
    return null;
  }
  return (
    <div class="bulk" role="toolbar" aria-label={t("With those selected")}>
      <span>{t("{n} selected", { n: rows.length })}</span>
      {props.actions.map((action) => (
        <button
          key={action.text}
          type="button"
          class={action.danger ? "danger" : undefined}
          onClick={() => void action.run(rows).then((done) => done && props.onSelect(new Set()))}
        >
          {action.text}
        </button>
      ))}
      <button type="button" class="plain" onClick={() => props.onSelect(new Set())}>
        {t("Select none")}
      </button>
    </div>
  );
}

function Pager<Row>(props: { readonly page: Page<Row> }): JSX.Element | null {
  const { page, page_count: pages } = props.page;
  if (pages <= 1) {
    return null;
  }
  const go = (to: number): void => setQuery({ page: to === 1 ? "" : String(to) });
  return (
    <nav class="pager" aria-label={t("Pages")}>
      <button type="button" disabled={page <= 1} onClick={() => go(page - 1)}>
        {t("Previous")}
      </button>
      <label>
        {t("Page")}{" "}
        <input
          type="number"
          min={1}
          max={pages}
          value={page}
          onChange={(event) =>
            go(Math.min(pages, Math.max(1, Number(event.currentTarget.value) || 1)))
          }
        />{" "}
        {t("of {n}", { n: pages })}
      </label>
      <button type="button" disabled={page >= pages} onClick={() => go(page + 1)}>
        {t("Next")}
      </button>
    </nav>
  );
}
