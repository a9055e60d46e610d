/** The peer is not trusted yet and did something wrong: it is dropped without a word (RabbitMQ). */
export class SilentClose extends Error {
  override readonly name = "SilentClose";
}
