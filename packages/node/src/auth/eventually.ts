/** A value, at once or later: what is known here need not wait for a turn. */
export type Eventually<T> = T | Promise<T>;

/** Goes on with `value` within the call if it is here already, else when it comes. */
export function whenThere<T, R>(
  value: Eventually<T>,
  next: (value: T) => Eventually<R>,
): Eventually<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
