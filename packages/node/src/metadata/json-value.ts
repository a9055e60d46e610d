/** Any JSON value. The machine keeps such values as they came and never branches on the order of their keys. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };
