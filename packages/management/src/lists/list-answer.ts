import { HttpError } from "../http-error.ts";
import type { JsonObject } from "../model/json.ts";
import type { ApiRequest } from "../routes/route.ts";
import { type ColumnPath, pick } from "./columns.ts";
import { type ListQuery, type PageWanted, readListQuery } from "./list-query.ts";
import { type Listing, listingOf } from "./listing.ts";
import { Slices } from "./slices.ts";
import { type Keyed, type SortValue, sortRows } from "./sorted.ts";
import { jsonText } from "./text-stream.ts";

/** Rows whose objects are made at once; at most what `Listing.objectsOf` may be asked for. */
const BATCH = 100;

interface Work {
  readonly wanted: ListQuery;
  readonly slices: Slices;
  readonly signal: AbortSignal;
}

/** The rows that the query asks for, before they are cut into pages. */
interface Chosen<Row> {
  readonly listing: Listing<Row>;
  readonly rows: readonly Row[];
  /** Before they were filtered. */
  readonly total: number;
}

/**
 * The answer of a list: the whole of it as an array, or the page that the query asks for, filtered, sorted, and with the columns asked for.
 * The work is done in slices; a whole list is sent while it is made. @throws HttpError
 */
export async function listAnswer<Row>(
  { query, signal }: Pick<ApiRequest, "query" | "signal">,
  listing: Listing<Row>,
): Promise<Response> {
  const wanted = readListQuery(query);
  const work: Work = { wanted, slices: new Slices(), signal };
  const found = await collect(listing, work);
  if (wanted.sort.length === 0) return finish(found, work);
  const keyed = await keysOf(found, work);
  if (keyed !== undefined) return finish(await sorted(found, keyed, work), work);
  const complete = await withObjects(found, work);
  return finish(await sorted(complete, (await keysOf(complete, work)) ?? [], work), work);
}

/** As `listAnswer`, of objects that are there. */
export function objectsAnswer(
  request: Pick<ApiRequest, "query" | "signal">,
  objects: Iterable<JsonObject> | AsyncIterable<JsonObject>,
): Promise<Response> {
  return listAnswer(request, listingOf(objects));
}

async function collect<Row>(listing: Listing<Row>, work: Work): Promise<Chosen<Row>> {
  // Taken at once, so that they are those of one moment.
  const all = await rowsOf(listing);
  const matches = work.wanted.page?.matches;
  if (matches === undefined) return { listing, rows: all, total: all.length };
  const rows: Row[] = [];
  for (const row of all) {
    if (matches(listing.nameOf(row))) rows.push(row);
    if (work.slices.isDue()) await pause(work);
  }
  return { listing, rows, total: all.length };
}

async function rowsOf<Row>({ rows }: Listing<Row>): Promise<readonly Row[]> {
  if (Array.isArray(rows)) return rows;
  const taken: Row[] = [];
  for await (const row of rows) taken.push(row);
  return taken;
}

/** The values that the rows are sorted by. undefined: only the objects have them. */
async function keysOf<Row>(
  { listing, rows }: Chosen<Row>,
  work: Work,
): Promise<readonly Keyed<Row>[] | undefined> {
  const columns: (readonly SortValue[])[] = [];
  for (const column of work.wanted.sort) {
    const values = await listing.valuesOf?.(rows, column);
    if (values === undefined) return undefined;
    columns.push(values);
    if (work.slices.isDue(BATCH)) await pause(work);
  }
  return rows.map((row, index) => ({ row, keys: columns.map((values) => values[index]) }));
}

async function sorted<Row>(
  chosen: Chosen<Row>,
  keyed: readonly Keyed<Row>[],
  { wanted, slices }: Work,
): Promise<Chosen<Row>> {
  return { ...chosen, rows: await sortRows(keyed, wanted.isReverse, slices) };
}

/** With the objects as rows. */
async function withObjects<Row>(chosen: Chosen<Row>, work: Work): Promise<Chosen<JsonObject>> {
  const objects: JsonObject[] = [];
  for await (const batch of batches(chosen, undefined, work)) objects.push(...batch);
  return { listing: listingOf(objects), rows: objects, total: chosen.total };
}

function finish<Row>(chosen: Chosen<Row>, work: Work): Promise<Response> {
  const { wanted } = work;
  const rows = inOrder(chosen.rows, wanted);
  const { page } = wanted;
  if (page === undefined) return jsonText(arrayText({ ...chosen, rows }, work));
  return jsonText(pageText({ ...chosen, rows }, page, work));
}

/** Without `sort` as they come, or the other way round. */
function inOrder<Row>(rows: readonly Row[], { sort, isReverse }: ListQuery): readonly Row[] {
  return isReverse && sort.length === 0 ? rows.toReversed() : rows;
}

async function* pageText<Row>(
  chosen: Chosen<Row>,
  page: PageWanted,
  work: Work,
): AsyncGenerator<string> {
  const { rows } = chosen;
  const first = (page.page - 1) * page.pageSize;
  const pageCount = Math.ceil(rows.length / page.pageSize);
  if (page.page > Math.max(1, pageCount)) throw outOfRange(page, rows.length);
  const items = rows.slice(first, first + page.pageSize);
  yield `{"filtered_count":${rows.length},"item_count":${items.length},"items":`;
  yield* arrayText({ ...chosen, rows: items }, work);
  yield `,"page":${page.page},"page_count":${pageCount},"page_size":${page.pageSize}`;
  yield `,"total_count":${chosen.total}}`;
}

/** RabbitMQ's words. */
function outOfRange({ page, pageSize }: PageWanted, count: number): HttpError {
  const reason = `Page out of range, page: ${page} page size: ${pageSize}, len: ${count}`;
  return new HttpError({ status: 400, error: "page_out_of_range" }, reason);
}

async function* arrayText<Row>(chosen: Chosen<Row>, work: Work): AsyncGenerator<string> {
  const { columns } = work.wanted;
  let separator = "[";
  for await (const batch of batches(chosen, columns, work)) {
    for (const object of batch) {
      yield separator + JSON.stringify(columns === undefined ? object : pick(object, columns));
      separator = ",";
      if (work.slices.isDue()) await pause(work);
    }
  }
  yield separator === "[" ? "[]" : "]";
}

/** The objects of the rows, in batches; without those of rows that are gone. */
async function* batches<Row>(
  { listing, rows }: Chosen<Row>,
  columns: readonly ColumnPath[] | undefined,
  work: Work,
): AsyncGenerator<readonly JsonObject[]> {
  for (let at = 0; at < rows.length; at += BATCH) {
    const objects = await listing.objectsOf(rows.slice(at, at + BATCH), columns);
    yield objects.filter((object) => object !== undefined);
    if (work.slices.isDue(BATCH)) await pause(work);
  }
}

/** @throws DOMException when the client has gone: nobody waits for the rest */
async function pause({ slices, signal }: Work): Promise<void> {
  await slices.pause();
  signal.throwIfAborted();
}
