import { channelClose, connectionClose, type Difference } from "./difference.ts";

const CC_PUBLISH =
  'B/1 > basic.publish {"exchange":"amq.topic","routing-key":"a.fine"} {"headers":{"CC":["z.refused"]}} "hi"';
const CC_REFUSED =
  "ACCESS_REFUSED - write access to topic 'z.refused' in exchange 'amq.topic' in vhost '/' refused for user 'topical'";
const NO_COUNT = '"headers":{"x-delivery-count":"l 0"}';

/** What a basic.get of the quorum requeue case answers; `left` messages stay. */
function got(tag: number, body: string, left: number): string {
  const isReturned = body === "2" && tag > 3;
  const args = `{"delivery-tag":${tag},"redelivered":${isReturned},"exchange":"","routing-key":"~q","message-count":${left}}`;
  const headers = isReturned ? '"headers":{"x-delivery-count":"l 1"}' : NO_COUNT;
  return `${args} {${headers}} "${body}"`;
}

/** Differences of queues and consumers. */
export const QUEUES: Readonly<Record<string, Difference>> = {
  "argument x-queue-master-locator: an unknown value is refused": {
    reason: "locator",
    replace: [
      [
        connectionClose(541, "INTERNAL_ERROR", [0, 0]),
        channelClose(
          406,
          "PRECONDITION_FAILED - invalid arg 'x-queue-master-locator' for queue '~q' in vhost '/': invalid_queue_locator_arg",
          [50, 10],
        ),
      ],
    ],
  },
  "argument x-queue-leader-locator: an unknown value is refused": {
    reason: "locator",
    replace: [[" of queue type rabbit_classic_queue", ": invalid_queue_locator_arg"]],
  },
  "stream queue: declared": {
    reason: "stream",
    replace: [
      [
        'A/1 < queue.declare-ok {"queue":"~q","message-count":0,"consumer-count":0}',
        channelClose(
          406,
          "PRECONDITION_FAILED - invalid arg 'x-queue-type' for queue '~q' in vhost '/': \"streams are not supported\"",
          [50, 10],
        ),
      ],
    ],
  },
  "topical: basic.publish with a refused topic in CC": {
    reason: "topic-copies",
    replace: [
      [
        CC_PUBLISH,
        `${CC_PUBLISH}\n${channelClose(403, CC_REFUSED, [60, 40]).replace("A/1", "B/1")}`,
      ],
    ],
  },
  "quorum: a requeued message without a limit": {
    reason: "quorum-requeue",
    replace: [
      [got(4, "4", 2), got(4, "2", 2)],
      [got(5, "5", 1), got(5, "4", 1)],
      [got(6, "2", 0), got(6, "5", 0)],
    ],
  },
};
