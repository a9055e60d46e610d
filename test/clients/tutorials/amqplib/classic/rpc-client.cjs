// Tutorial 6: asks for fib(30) and waits for the answer.
// oxlint-disable typescript/no-unnecessary-condition -- the types of the callbacks leave out that there may be no error
// biome-ignore-all lint/suspicious/noConsole: a tutorial program prints for a person
// biome-ignore-all lint/style/noProcessEnv: a tutorial program reads the broker's address itself
const amqp = require("amqplib/callback_api");
const { randomUUID } = require("node:crypto");

const { AMQP_URL: url = "amqp://localhost" } = process.env;

amqp.connect(url, (connectError, connection) => {
  if (connectError) throw connectError;
  connection.createChannel((channelError, channel) => {
    if (channelError) throw channelError;
    channel.assertQueue("", { exclusive: true }, (queueError, { queue }) => {
      if (queueError) throw queueError;
      const correlationId = randomUUID();
      channel.consume(
        queue,
        (message) => {
          if (message.properties.correlationId !== correlationId) return;
          console.log(`got ${message.content}`);
          connection.close(() => process.exit(0));
        },
        { noAck: true },
      );
      console.log("asking for fib(30)");
      channel.sendToQueue("rpc_queue", Buffer.from("30"), { correlationId, replyTo: queue });
    });
  });
});
