import { badRequest, HttpError, notAuthorised, notFound } from "../http-error.ts";
import { AmqpRefusedError } from "../model/runtime-objects.ts";

const NOT_FOUND = 404;
const ACCESS_REFUSED = 403;

/**
 * Does something by AMQP. What AMQP refuses is answered as RabbitMQ answers it: 404 and 403 (as 401) by themselves, all else as 400, with the
 * text that a client would get. @throws HttpError
 */
export async function byAmqp<T>(action: Promise<T>): Promise<T> {
  try {
    return await action;
  } catch (error) {
    throw error instanceof AmqpRefusedError ? refusal(error) : error;
  }
}

function refusal(error: AmqpRefusedError): HttpError {
  const { replyCode, explanation } = error;
  if (replyCode === NOT_FOUND) return isMissing(explanation, error);
  // Without the text, which names what else there is.
  if (replyCode === ACCESS_REFUSED) return notAuthorised("Access refused.");
  return badRequest(explanation, { cause: error });
}

function isMissing(reason: string, cause: AmqpRefusedError): HttpError {
  return new HttpError({ status: 404, error: "not_found" }, reason, { cause });
}

/** The same of messages that are got: their texts have the code's name in front. @throws HttpError */
export async function got<T>(action: Promise<T>): Promise<T> {
  try {
    return await action;
  } catch (error) {
    if (!(error instanceof AmqpRefusedError)) throw error;
    const { replyCode, replyText } = error;
    if (replyCode === NOT_FOUND) throw isMissing(replyText, error);
    if (replyCode === ACCESS_REFUSED) throw notAuthorised(replyText);
    throw badRequest(`${replyCode} ${replyText}`, { cause: error });
  }
}

/** The same of a message that is published: everything is 400. @throws HttpError */
export async function published<T>(action: Promise<T>): Promise<T> {
  try {
    return await action;
  } catch (error) {
    if (!(error instanceof AmqpRefusedError)) throw error;
    throw badRequest(`${error.replyCode} ${error.replyText}`, { cause: error });
  }
}

/** The object of that name. @throws HttpError 404 */
export function found<T>(objects: readonly T[]): T {
  const [object] = objects;
  if (object === undefined) throw notFound();
  return object;
}
