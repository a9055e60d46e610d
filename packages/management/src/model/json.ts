/** What JSON can hold. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** An object of an answer, with RabbitMQ's key names. `undefined` values are left out of the JSON. */
export interface JsonObject {
  readonly [key: string]: JsonValue | JsonObject | readonly JsonObject[] | undefined;
}
