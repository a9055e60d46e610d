import type { ComponentChildren, JSX } from "preact";
import { t } from "../i18n/translate.ts";

/** A column of a table of `Row`s. */
export interface Column<Row> {
  /** Stable name: remembered for the choice of columns, and the key of the API to sort by unless `sort` says another. */
  readonly key: string;
  readonly label: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** What the API sorts by; `false` if it cannot. */
  readonly sort?: string | false;
  /** Fields of the API that the cell needs; `key` alone if not given. */
  readonly fields?: readonly string[];
  readonly numeric?: boolean;
  /** Shown only if chosen. */
  readonly optional?: boolean;
}

/** The order of a list; `by` is a field of the API. */
export interface Order {
  readonly by: string;
  readonly descending: boolean;
}

interface DataTableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  readonly order?: Order;
  readonly onOrder?: (order: Order) => void;
  readonly selected?: ReadonlySet<string>;
  readonly onSelect?: (keys: ReadonlySet<string>) => void;
  readonly empty?: ComponentChildren;
}

/** A table that scrolls by itself when it is wide, and becomes a list of cards on a phone. */
export function DataTable<Row>(props: DataTableProps<Row>): JSX.Element {
  if (props.rows.length === 0) {
    return <p class="muted empty">{props.empty ?? t("None.")}</p>;
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="table-scroll" tabIndex={0} aria-label={props.label}>
      <table>
        <caption class="visually-hidden">{props.label}</caption>
        <thead>
          <tr>
            {props.onSelect !== undefined && <SelectAll {...props} onSelect={props.onSelect} />}
            {props.columns.map((column) => (
              <Head key={column.key} column={column} order={props.order} onOrder={props.onOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <Row key={props.rowKey(row)} row={row} table={props} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row<R>(props: { readonly row: R; readonly table: DataTableProps<R> }): JSX.Element {
  const { columns, rowKey, selected, onSelect } = props.table;
  const key = rowKey(props.row);
  return (
    <tr class={selected?.has(key) ? "selected" : undefined}>
      {onSelect !== undefined && (
        <td class="select-cell">
          <input
            type="checkbox"
            aria-label={t("Select {name}", { name: key })}
            checked={selected?.has(key) ?? false}
            onChange={() => onSelect(toggled(selected ?? new Set(), key))}
          />
        </td>
      )}
      {columns.map((column) => (
        <td
          key={column.key}
          class={column.numeric ? "number" : undefined}
          data-label={column.label}
        >
          {column.cell(props.row)}
        </td>
      ))}
    </tr>
  );
}

function Head<Row>(props: {
  readonly column: Column<Row>;
  readonly order: Order | undefined;
  readonly onOrder: ((order: Order) => void) | undefined;
}): JSX.Element {
  const { column, order, onOrder } = props;
  const by = column.sort ?? column.key;
  const shape = column.numeric ? "number" : undefined;
  if (onOrder === undefined || by === false) {
    return (
      <th scope="col" class={shape}>
        {column.label}
      </th>
    );
  }
  const isCurrent = order?.by === by;
  const sorted = isCurrent ? (order.descending ? "descending" : "ascending") : "none";
  return (
    <th scope="col" class={shape} aria-sort={sorted}>
      <button
        type="button"
        class="sort"
        onClick={() =>
          onOrder({ by, descending: isCurrent ? !order.descending : column.numeric === true })
        }
      >
        {column.label}
        <span aria-hidden="true" class="sort-mark">
          {isCurrent ? (order.descending ? "▾" : "▴") : ""}
        </span>
      </button>
    </th>
  );
}

function SelectAll<Row>(
  props: DataTableProps<Row> & { readonly onSelect: (keys: ReadonlySet<string>) => void },
): JSX.Element {
  const keys = props.rows.map(props.rowKey);
  const all = keys.every((key) => props.selected?.has(key));
  return (
    <th scope="col" class="select-cell">
      <input
        type="checkbox"
        aria-label={t("Select all on this page")}
        checked={all}
        onChange={() => props.onSelect(new Set(all ? [] : keys))}
      />
    </th>
  );
}

function toggled(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(key)) {
    next.add(key);
  }
  return next;
}
