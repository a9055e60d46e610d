// Tutorial 3: prints every log line sent from now on.
// oxlint-disable typescript/no-unnecessary-condition -- the types of the callbacks leave out that there may be no error
// biome-ignore-all lint/suspicious/noConsole: a tutorial program prints for a person
// biome-ignore-all lint/style/noProcessEnv: a tutorial program reads the broker's address itself
const amqp = require("amqplib/callback_api");

const { AMQP_URL: url = "amqp://localhost" } = process.env;

amqp.connect(url, (connectError, connection) => {
  if (connectError) throw connectError;
  connection.createChannel((channelError, channel) => {
    if (channelError) throw channelError;
    channel.assertExchange("logs", "fanout", { durable: false });
    channel.assertQueue("", { exclusive: true }, (queueError, { queue }) => {
      if (queueError) throw queueError;
      channel.bindQueue(queue, "logs", "");
      channel.consume(
        queue,
        (message) => console.log(`received ${message.content}`),
        { noAck: true },
        () => console.log("waiting"),
      );
    });
  });
});
