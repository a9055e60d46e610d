// Tutorial 1: prints every message of the queue hello.
// oxlint-disable typescript/no-unnecessary-condition -- the types of the callbacks leave out that there may be no error
// biome-ignore-all lint/suspicious/noConsole: a tutorial program prints for a person
// biome-ignore-all lint/style/noProcessEnv: a tutorial program reads the broker's address itself
const amqp = require("amqplib/callback_api");

const { AMQP_URL: url = "amqp://localhost" } = process.env;

amqp.connect(url, (connectError, connection) => {
  if (connectError) throw connectError;
  connection.createChannel((channelError, channel) => {
    if (channelError) throw channelError;
    channel.assertQueue("hello", { durable: false });
    channel.consume(
      "hello",
      (message) => console.log(`received ${message.content}`),
      { noAck: true },
      () => console.log("waiting"),
    );
  });
});
