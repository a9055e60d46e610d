// Tutorial 5: prints the log lines whose routing key matches one of those given.
// oxlint-disable typescript/no-unnecessary-condition -- the types of the callbacks leave out that there may be no error
// biome-ignore-all lint/suspicious/noConsole: a tutorial program prints for a person
// biome-ignore-all lint/style/noProcessEnv: a tutorial program reads the broker's address itself
const amqp = require("amqplib/callback_api");

const { AMQP_URL: url = "amqp://localhost" } = process.env;

amqp.connect(url, (connectError, connection) => {
  if (connectError) throw connectError;
  connection.createChannel((channelError, channel) => {
    if (channelError) throw channelError;
    const keys = process.argv.slice(2);
    channel.assertExchange("topic_logs", "topic", { durable: false });
    channel.assertQueue("", { exclusive: true }, (queueError, { queue }) => {
      if (queueError) throw queueError;
      for (const key of keys) channel.bindQueue(queue, "topic_logs", key);
      channel.consume(
        queue,
        (message) => console.log(`received ${message.fields.routingKey}:${message.content}`),
        { noAck: true },
        () => console.log("waiting"),
      );
    });
  });
});
