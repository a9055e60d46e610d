import type { JsonObject } from "../model/json.ts";
import { type ColumnPath, valueAt } from "./columns.ts";

/**
 * A list of the API as its rows, whose objects are made late: those of a page of 100 out of 10,000 queues, not all. `Row` is whatever is cheap
 * to have for each: a record of the metadata, or the object itself.
 */
export interface Listing<Row> {
  /** In the order in which they are shown if the client does not ask for another. */
  readonly rows: Iterable<Row> | AsyncIterable<Row>;
  /** What `name=` looks at. */
  nameOf(row: Row): string;
  /**
   * The values of a column for all these rows, for sorting, without their objects; undefined: only the objects have them, so that those of all
   * rows are needed. undefined as this property: of any column.
   */
  valuesOf?(rows: readonly Row[], column: ColumnPath): ColumnValues | Promise<ColumnValues>;
  /**
   * The objects of these rows, in their order; for a row that is gone meanwhile, undefined. Called with at most 500 rows at a time, so that it
   * may do its work in one go; in a cluster it asks each other node once. `columns`: only these will be shown; undefined: all.
   */
  objectsOf(
    rows: readonly Row[],
    columns: readonly ColumnPath[] | undefined,
  ): readonly (JsonObject | undefined)[] | Promise<readonly (JsonObject | undefined)[]>;
}

type ColumnValues = readonly JsonObject[string][] | undefined;

/** A list whose objects are there. */
export function listingOf(
  objects: Iterable<JsonObject> | AsyncIterable<JsonObject>,
): Listing<JsonObject> {
  return {
    rows: objects,
    nameOf: ({ name }) => (typeof name === "string" ? name : ""),
    valuesOf: (rows, column) => rows.map((row) => valueAt(row, column)),
    objectsOf: (rows) => rows,
  };
}
