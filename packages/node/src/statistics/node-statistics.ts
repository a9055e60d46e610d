import type { SampleWindows } from "@leveret/management";
import type { Broker } from "../broker/broker.ts";
import type { LiveExchange } from "../broker/live-exchange.ts";
import type { VirtualHost } from "../broker/virtual-host.ts";
import type { Channel } from "../connection/channel.ts";
import type { Connection } from "../connection/connection.ts";
import type { BrokerQueue } from "../queue/broker-queue.ts";
import {
  CHANNEL_FIGURES,
  CONNECTION_FIGURES,
  DELIVER_FIGURES,
  EXCHANGE_FIGURES,
  NODE_FIGURES,
  PUBLISH_FIGURES,
  QUEUE_FIGURES,
  readChannel,
  readConnection,
  readExchange,
  readNode,
  readQueue,
  readVhost,
  VHOST_FIGURES,
  writeDeliveries,
  writePublishes,
} from "./figures.ts";
import { type HeldFigures, heldBy, nothingHeld } from "./held-figures.ts";
import { type FigureSource, Histories } from "./histories.ts";
import type { Reading } from "./history.ts";
import { SamplingPace } from "./sampling-pace.ts";
import { GLOBAL_RETENTIONS, OBJECT_RETENTIONS, SAMPLE_INTERVAL_MS } from "./statistics-limits.ts";
import type { DeliverCounts, FlowCounts, PublishCounts } from "./traffic-counts.ts";
import { TrafficTotals } from "./traffic-totals.ts";

const QUEUE = objectSource(QUEUE_FIGURES.length, readQueue);
const EXCHANGE = objectSource(EXCHANGE_FIGURES.length, readExchange);
const CONNECTION = objectSource(CONNECTION_FIGURES.length, readConnection);
const CHANNEL = objectSource(CHANNEL_FIGURES.length, readChannel);
/** Of these only the rate is kept. */
const PUBLISHES: FigureSource<PublishCounts> = {
  width: PUBLISH_FIGURES.length,
  retentions: [],
  read: (counts, into) => writePublishes(counts, into, 0),
};
const DELIVERIES: FigureSource<DeliverCounts> = {
  width: DELIVER_FIGURES.length,
  retentions: [],
  read: (counts, into) => writeDeliveries(counts, into, 0),
};
const FLOW: FigureSource<FlowCounts> = {
  width: 1,
  retentions: [],
  read: (flow, into) => {
    into[0] = flow.publish;
  },
};

/** How figures of the node are read that are none of its broker. */
export interface GaugeReader {
  readonly width: number;
  read(into: Float64Array): void;
}

/** What a round of samples is about. */
interface Round {
  readonly nowMs: number;
  /** Nobody has looked before: what is there was there. */
  readonly isBaseline: boolean;
  readonly pace: SamplingPace;
}

/**
 * Figures of one node's broker with their rates and their past. Counts are exact, and as of the moment when somebody asks; rates and samples
 * are there from `start` on. A round of samples works in slices.
 */
export class NodeStatistics {
  readonly #broker: Broker;
  readonly #histories = new Histories();
  /** Stands for the node among the objects that have a past. */
  readonly #node = {};
  readonly #gauges: FigureSource<object>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStarted = false;
  #isFirstRound = true;
  #isSampling = false;

  constructor(broker: Broker, gauges: GaugeReader) {
    this.#broker = broker;
    this.#gauges = {
      width: gauges.width,
      retentions: GLOBAL_RETENTIONS,
      read: (_node, into) => gauges.read(into),
    };
  }

  /** Memory for samples of objects, in octets. */
  get historyBytes(): number {
    return this.#histories.byteLength;
  }

  /** Begins to take samples, each 5 s at full multiples of that, so that those of several nodes can be added up. Repeatable. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void this.sample();
    this.#schedule();
  }

  stop(): void {
    this.#isStarted = false;
    clearTimeout(this.#timer);
  }

  /** Takes a sample of everything for the time `nowMs`; resolves when that is done. */
  async sample(nowMs: number = Date.now()): Promise<void> {
    if (this.#isSampling) return;
    this.#isSampling = true;
    try {
      await this.#sample(nowMs);
    } catch (error) {
      this.#broker.log.error({ err: error }, "internal error while statistics were gathered");
    } finally {
      this.#isSampling = false;
    }
  }

  /** In the order of QUEUE_FIGURES; lengths of queues that another node leads are 0. */
  queue(queue: BrokerQueue, windows: SampleWindows = {}): Reading {
    return this.#histories.reading(queue, QUEUE, windows);
  }

  /** EXCHANGE_FIGURES */
  exchange(exchange: LiveExchange, windows: SampleWindows = {}): Reading {
    return this.#histories.reading(exchange, EXCHANGE, windows);
  }

  /** CONNECTION_FIGURES */
  connection(connection: Connection, windows: SampleWindows = {}): Reading {
    return this.#histories.reading(connection, CONNECTION, windows);
  }

  /** CHANNEL_FIGURES */
  channel(channel: Channel, windows: SampleWindows = {}): Reading {
    return this.#histories.reading(channel, CHANNEL, windows);
  }

  /** PUBLISH_FIGURES of a channel at an exchange. */
  publishes(counts: PublishCounts): Reading {
    return this.#histories.reading(counts, PUBLISHES, {});
  }

  /** DELIVER_FIGURES of a channel at a queue. */
  deliveries(counts: DeliverCounts): Reading {
    return this.#histories.reading(counts, DELIVERIES, {});
  }

  /** Messages from an exchange to a queue: one figure. */
  flow(flow: FlowCounts): Reading {
    return this.#histories.reading(flow, FLOW, {});
  }

  /** NODE_FIGURES */
  node(windows: SampleWindows = {}): Reading {
    const { total } = heldBy(this.#broker);
    return this.#histories.reading(this.#node, this.#nodeSource(total), windows);
  }

  /** NODE_GAUGES */
  gauges(windows: SampleWindows = {}): Reading {
    return this.#histories.reading(this.#gauges, this.#gauges, windows);
  }

  /** Samples and rates begin anew; counts go on. */
  reset(): void {
    this.#histories.clear();
    this.#isFirstRound = true;
  }

  /** VHOST_FIGURES of all vhosts. */
  vhosts(windows: SampleWindows = {}): Map<string, Reading> {
    const { byVhost } = heldBy(this.#broker);
    const totals = this.#broker.traffic.totalsByVhost();
    const readings = new Map<string, Reading>();
    for (const vhost of this.#broker.vhosts.values()) {
      const source = vhostSource(totals.get(vhost.name), byVhost.get(vhost.name));
      readings.set(vhost.name, this.#histories.reading(vhost, source, windows));
    }
    return readings;
  }

  #schedule(): void {
    const delayMs = SAMPLE_INTERVAL_MS - (Date.now() % SAMPLE_INTERVAL_MS);
    this.#timer = setTimeout(() => {
      void this.sample();
      this.#schedule();
    }, delayMs);
    this.#timer.unref();
  }

  async #sample(nowMs: number): Promise<void> {
    const round = { nowMs, isBaseline: this.#isFirstRound, pace: new SamplingPace() };
    this.#isFirstRound = false;
    this.#histories.beginRound();
    this.#sampleSums(round);
    const { vhosts, connections, traffic } = this.#broker;
    for (const { queues, exchanges } of vhosts.values()) {
      await this.#sampleAll(queues.values(), QUEUE, round);
      await this.#sampleAll(exchanges.values(), EXCHANGE, round);
    }
    await this.#sampleAll(connections, CONNECTION, round);
    for (const { channels } of connections) {
      await this.#sampleAll(channels.values(), CHANNEL, round);
    }
    await this.#sampleAll(traffic.publishes, PUBLISHES, round);
    await this.#sampleAll(traffic.deliveries, DELIVERIES, round);
    await this.#sampleAll(traffic.flows, FLOW, round);
  }

  #sampleSums({ nowMs, isBaseline }: Round): void {
    const { total, byVhost } = heldBy(this.#broker);
    this.#histories.look(this.#node, this.#nodeSource(total), nowMs, isBaseline);
    this.#histories.look(this.#gauges, this.#gauges, nowMs, isBaseline);
    const totals = this.#broker.traffic.totalsByVhost();
    for (const vhost of this.#broker.vhosts.values()) {
      const source = vhostSource(totals.get(vhost.name), byVhost.get(vhost.name));
      this.#histories.look(vhost, source, nowMs, isBaseline);
    }
  }

  async #sampleAll<T extends object>(
    objects: Iterable<T>,
    source: FigureSource<T>,
    { nowMs, isBaseline, pace }: Round,
  ): Promise<void> {
    for (const object of objects) {
      this.#histories.look(object, source, nowMs, isBaseline);
      if (pace.isDue()) await pace.pause();
    }
  }

  #nodeSource(held: HeldFigures): FigureSource<object> {
    const { traffic } = this.#broker;
    return {
      width: NODE_FIGURES.length,
      retentions: GLOBAL_RETENTIONS,
      read: (_node, into) => readNode(traffic.totals(), held, traffic.churn, into),
    };
  }
}

function vhostSource(
  totals: TrafficTotals = new TrafficTotals(),
  held: HeldFigures = nothingHeld(),
): FigureSource<VirtualHost> {
  return {
    width: VHOST_FIGURES.length,
    retentions: GLOBAL_RETENTIONS,
    read: (_vhost, into) => readVhost(totals, held, into),
  };
}

function objectSource<T extends object>(
  width: number,
  read: (object: T, into: Float64Array) => void,
): FigureSource<T> {
  return { width, retentions: OBJECT_RETENTIONS, read };
}
