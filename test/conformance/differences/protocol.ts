import { channelClose, connectionClose, type Difference } from "./difference.ts";

/** RabbitMQ names connection.tune as the failing method. */
const TUNE = [10, 30] as const;

/** 3.10 closes in silence, 3.13 says what is wrong with the negotiation. */
function tuneRefused(problem: string): Difference {
  return {
    reason: "tune-refused",
    replace: [
      [
        "A < closed",
        `${connectionClose(530, `NOT_ALLOWED - negotiated ${problem}`, TUNE)}\nA < closed`,
      ],
    ],
  };
}

function unknownMethod(classId: number, methodId: number): Difference {
  const text = `COMMAND_INVALID - unknown method ${classId}.${methodId}`;
  return {
    reason: "unknown-method",
    replace: [["A < closed", connectionClose(503, text, [classId, methodId])]],
  };
}

const NO_LIMIT = "is higher than the maximum allowed value";

/** Differences on the connection: handshake, frames, methods. */
export const PROTOCOL: Readonly<Record<string, Difference>> = {
  "the 0-9 header is taken as 0-9-1 and start says 0.9": {
    reason: "server-properties",
    replace: [['"product","version"', '"product","product_version","version"']],
  },
  "tune-ok with a frame_max of 100 is refused": tuneRefused(
    "frame_max = 100 is lower than the minimum allowed value (4096)",
  ),
  "tune-ok with a frame_max above the server's is refused": tuneRefused(
    `frame_max = 200000 ${NO_LIMIT} (131072)`,
  ),
  "tune-ok with frame_max 0 (no limit) is refused": tuneRefused(
    `frame_max = 0 (no limit) ${NO_LIMIT} (131072)`,
  ),
  "tune-ok with a channel_max above the server's is refused": tuneRefused(
    `channel_max = 3000 ${NO_LIMIT} (2047)`,
  ),
  "tune-ok with channel_max 0 (no limit) is refused": tuneRefused(
    `channel_max = 0 (no limit) ${NO_LIMIT} (2047)`,
  ),
  "more body bytes than announced": {
    reason: "content-size",
    replace: [
      [
        connectionClose(
          505,
          "UNEXPECTED_FRAME - expected content body, got non content body frame instead",
          [60, 40],
        ),
        connectionClose(
          501,
          "FRAME_ERROR - content body frame exceeds remaining content size",
          [60, 40],
        ),
      ],
    ],
  },
  "a huge announced size is no error before the body": {
    reason: "content-size",
    replace: [
      [
        'A/2 < channel.flow-ok {"active":true}',
        connectionClose(
          501,
          "FRAME_ERROR - content body size 629145600 exceeds maximum allowed size 536870912",
          [60, 40],
        ),
      ],
    ],
  },
  "an unknown class": unknownMethod(99, 10),
  "an unknown method of a known class": unknownMethod(50, 99),
  "an unknown exchange type is refused": {
    reason: "exchange-type",
    replace: [
      [
        connectionClose(503, "COMMAND_INVALID - unknown exchange type 'zzz'", [40, 10]),
        channelClose(406, "PRECONDITION_FAILED - unknown exchange type 'zzz'", [40, 10]),
      ],
    ],
  },
  "an empty exchange type is refused": {
    reason: "exchange-type",
    replace: [
      [
        connectionClose(503, "COMMAND_INVALID - invalid exchange type ''", [40, 10]),
        channelClose(406, "PRECONDITION_FAILED - invalid exchange type ''", [40, 10]),
      ],
    ],
  },
};
