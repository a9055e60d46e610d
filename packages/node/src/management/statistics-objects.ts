import type { JsonObject, SampleWindows } from "@leveret/management";
import {
  CHANNEL_FIGURES,
  CONNECTION_FIGURES,
  DELIVER_FIGURES,
  EXCHANGE_FIGURES,
  type FigureNames,
  PUBLISH_FIGURES,
  QUEUE_FIGURES,
} from "../statistics/figures.ts";
import {
  addReadings,
  detailed,
  lengthStats,
  messageStats,
  type ShownReading,
} from "../statistics/figures-json.ts";
import type { DetailList, ObjectPart, StatisticsKind } from "./object-statistics.ts";

/** Figures of each kind, in the order of its readings. */
const NAMES: Readonly<Record<StatisticsKind, FigureNames>> = {
  connections: CONNECTION_FIGURES,
  channels: CHANNEL_FIGURES,
  exchanges: EXCHANGE_FIGURES,
  queues: QUEUE_FIGURES,
};

/** Keys of objects that statistics fill, as far as lists have them. */
export const STATISTICS_KEYS: Readonly<Record<StatisticsKind, readonly string[]>> = {
  connections: ["recv_oct_details", "send_oct_details"],
  channels: ["message_stats"],
  exchanges: ["message_stats"],
  queues: [
    "message_stats",
    "messages_details",
    "messages_ready_details",
    "messages_unacknowledged_details",
  ],
};

/** Figures of the details of each kind, by key of the answer. */
const DETAIL_NAMES: Readonly<Record<StatisticsKind, Readonly<Record<string, FigureNames>>>> = {
  connections: {},
  channels: { publishes: PUBLISH_FIGURES, deliveries: DELIVER_FIGURES },
  exchanges: { incoming: PUBLISH_FIGURES, outgoing: ["publish"] },
  queues: { incoming: ["publish"], deliveries: DELIVER_FIGURES },
};

/** What statistics add to an object, from what all nodes know of it. */
export function statisticsObject(
  kind: StatisticsKind,
  parts: readonly ObjectPart[],
  { windows, isDetailed }: { readonly windows: SampleWindows; readonly isDetailed: boolean },
): JsonObject {
  const reading = addReadings(parts.map((part) => part.reading));
  if (reading === undefined) return {};
  const shown = { names: NAMES[kind], reading, windows };
  const isUsed = parts.some((part) => part.isUsed);
  return {
    ...(isUsed || kind === "queues" ? figuresOf(kind, shown) : {}),
    ...(isDetailed ? detailsOf(kind, parts) : {}),
  };
}

function figuresOf(kind: StatisticsKind, shown: ShownReading): JsonObject {
  switch (kind) {
    case "connections":
      return detailed(shown, ["recv_oct", "send_oct"], "data_rates");
    case "channels":
      return { message_stats: messageStats(shown, CHANNEL_FIGURES) };
    case "exchanges":
      return { message_stats: messageStats(shown, ["publish_in", "publish_out"]) };
    case "queues":
      return {
        ...withoutCounts(lengthStats(shown)),
        message_stats: messageStats(shown, ["publish", ...DELIVER_FIGURES]),
      };
    default:
      return kind satisfies never;
  }
}

/** The counts themselves come from the queue, which says nothing while nobody leads it. */
function withoutCounts(stats: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(stats).filter(([key]) => key.endsWith("_details")));
}

function detailsOf(kind: StatisticsKind, parts: readonly ObjectPart[]): JsonObject {
  const lists = Object.entries(DETAIL_NAMES[kind]).map(([key, names]) => {
    const rows = parts.flatMap((part) => part.details[key] ?? []);
    return [key, mergedDetails(rows, names)] as const;
  });
  return Object.fromEntries(lists);
}

/** Rows with the same label are about the same two objects, on several nodes. */
function mergedDetails(rows: DetailList, names: FigureNames): JsonObject[] {
  const byLabel = new Map<string, (typeof rows)[number][]>();
  for (const row of rows) {
    const key = JSON.stringify(row[0]);
    const same = byLabel.get(key);
    if (same === undefined) byLabel.set(key, [row]);
    else same.push(row);
  }
  return Array.from(byLabel.values(), (same) => {
    const reading = addReadings(same.map(([, one]) => one));
    const shown = reading && { names, reading, windows: {} };
    return { ...same[0]?.[0], stats: shown === undefined ? {} : messageStats(shown, names) };
  });
}
