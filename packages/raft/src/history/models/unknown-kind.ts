import { formatOperation, HistoryError, type Operation } from "../format/operation.ts";

/** The error of a model that meets an operation it does not know. */
export function unknownKind(model: string, operation: Operation): HistoryError {
  return new HistoryError(`${model} has no such operation: ${formatOperation(operation)}`);
}
