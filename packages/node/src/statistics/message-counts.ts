/** What publishers did, counted in messages; RabbitMQ's `exchange_stats`. */
export interface PublishFigures {
  publish: number;
  /** Of `publish`: on channels in confirm mode. */
  publishConfirm: number;
  /** Publishes that were acked; nacked ones do not count (RabbitMQ). */
  confirm: number;
  /** Mandatory ones that no queue got. */
  returnUnroutable: number;
  /** Others that no queue got. */
  dropUnroutable: number;
}

/** What consumers did, counted in messages; RabbitMQ's `queue_stats`. */
export interface DeliverFigures {
  /** To consumers that acknowledge. */
  deliver: number;
  deliverNoAck: number;
  /** basic.get with acknowledgement. */
  get: number;
  getNoAck: number;
  /** basic.get that found nothing. */
  getEmpty: number;
  /** Of all deliveries: those with the redelivered flag. */
  redeliver: number;
  /** basic.ack; what was rejected does not count (RabbitMQ). */
  ack: number;
}

/** Sum of what publishers did. */
export class PublishTotals implements PublishFigures {
  publish = 0;
  publishConfirm = 0;
  confirm = 0;
  returnUnroutable = 0;
  dropUnroutable = 0;

  add(figures: PublishFigures): void {
    this.publish += figures.publish;
    this.publishConfirm += figures.publishConfirm;
    this.confirm += figures.confirm;
    this.returnUnroutable += figures.returnUnroutable;
    this.dropUnroutable += figures.dropUnroutable;
  }
}

/** Sum of what consumers did. */
export class DeliverTotals implements DeliverFigures {
  deliver = 0;
  deliverNoAck = 0;
  get = 0;
  getNoAck = 0;
  getEmpty = 0;
  redeliver = 0;
  ack = 0;

  add(figures: DeliverFigures): void {
    this.deliver += figures.deliver;
    this.deliverNoAck += figures.deliverNoAck;
    this.get += figures.get;
    this.getNoAck += figures.getNoAck;
    this.getEmpty += figures.getEmpty;
    this.redeliver += figures.redeliver;
    this.ack += figures.ack;
  }
}
