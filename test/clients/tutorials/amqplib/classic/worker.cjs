// Tutorial 2: works on one task at a time and acks it when it is done.
// oxlint-disable typescript/no-unnecessary-condition -- the types of the callbacks leave out that there may be no error
// biome-ignore-all lint/suspicious/noConsole: a tutorial program prints for a person
// biome-ignore-all lint/style/noProcessEnv: a tutorial program reads the broker's address itself
const amqp = require("amqplib/callback_api");

const { AMQP_URL: url = "amqp://localhost" } = process.env;

amqp.connect(url, (connectError, connection) => {
  if (connectError) throw connectError;
  connection.createChannel((channelError, channel) => {
    if (channelError) throw channelError;
    channel.assertQueue("task_queue", { durable: true });
    channel.prefetch(1);
    channel.consume(
      "task_queue",
      (message) => {
        const text = message.content.toString();
        console.log(`received ${text}`);
        // A twentieth of a second of work for each dot.
        setTimeout(
          () => {
            console.log(`done ${text}`);
            channel.ack(message);
          },
          (text.split(".").length - 1) * 50,
        );
      },
      { noAck: false },
      () => console.log("waiting"),
    );
  });
});
