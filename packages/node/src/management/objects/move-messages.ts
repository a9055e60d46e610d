import type { BasicProperties, MethodOf } from "@leveret/amqp";
import type { MovedMessages, MoveRequest } from "@leveret/management";
import type { DirectAnswer, DirectConnection } from "../../connection/direct-connection.ts";

/** What became of one message. */
type Outcome = "moved" | "left" | "refused";

/**
 * Moves messages from the head of a queue, one after the other: each is taken, published with mandatory, and acknowledged only when the
 * other queue has confirmed it, so that none can be lost; if the node fails in between, one may be in both. It ends at the first that
 * the other queue does not take. What is not moved goes back to its place.
 */
export async function moveMessages(
  channel: DirectConnection,
  { queue, count, to }: MoveRequest,
): Promise<MovedMessages> {
  await channel.call("confirm.select", { noWait: false });
  let [moved, left] = [0, 0];
  let outcome: Outcome = "moved";
  for (let at = 0; at < count && outcome !== "refused"; at++) {
    const answer = await channel.call("basic.get", { queue, noAck: false });
    if (answer.method.name !== "basic.get-ok") break;
    outcome = await moveOne(channel, {
      method: answer.method,
      answer,
      to: targetOf(answer.properties, to),
    });
    if (outcome === "moved") moved++;
    else left++;
  }
  // The end of the channel puts back what was left.
  return { moved, left, isRefused: outcome === "refused" };
}

/** The queue to move to; undefined: the message does not say where it came from. */
function targetOf({ headers }: BasicProperties, to: MoveRequest["to"]): string | undefined {
  if (to !== "origin") return to.queue;
  const deaths = headers?.get("x-death");
  const [newest] = deaths?.type === "array" ? deaths.value : [];
  const origin = newest?.type === "table" ? newest.value.get("queue") : undefined;
  return origin?.type === "longstr" ? origin.value.toString("utf8") : undefined;
}

interface Taken {
  readonly method: MethodOf<"basic.get-ok">;
  readonly answer: DirectAnswer;
  readonly to: string | undefined;
}

async function moveOne(channel: DirectConnection, { method, answer, to }: Taken): Promise<Outcome> {
  if (to === undefined) return "left";
  const publish = { exchange: "", routingKey: to, mandatory: true, immediate: false };
  channel.publish(publish, answer.properties, answer.body);
  if (!(await isTaken(channel))) return "refused";
  channel.send("basic.ack", { deliveryTag: method.deliveryTag, multiple: false });
  return "moved";
}

/** A message that no queue takes comes back before it is confirmed. */
async function isTaken(channel: DirectConnection): Promise<boolean> {
  const first = await channel.next();
  if (first.method.name !== "basic.return") return first.method.name === "basic.ack";
  await channel.next();
  return false;
}
