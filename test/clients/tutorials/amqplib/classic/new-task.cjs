// Tutorial 2: sends a task; each dot in it is a step of work.
// oxlint-disable typescript/no-unnecessary-condition -- the types of the callbacks leave out that there may be no error
// biome-ignore-all lint/suspicious/noConsole: a tutorial program prints for a person
// biome-ignore-all lint/style/noProcessEnv: a tutorial program reads the broker's address itself
const amqp = require("amqplib/callback_api");

const { AMQP_URL: url = "amqp://localhost" } = process.env;

amqp.connect(url, (connectError, connection) => {
  if (connectError) throw connectError;
  connection.createChannel((channelError, channel) => {
    if (channelError) throw channelError;
    const message = process.argv.slice(2).join(" ") || "Hello World!";
    channel.assertQueue("task_queue", { durable: true });
    channel.sendToQueue("task_queue", Buffer.from(message), { persistent: true });
    console.log(`sent ${message}`);
    // As in the originals: closing flushes what was sent only if the socket had time to take it.
    setTimeout(() => {
      connection.close();
      process.exit(0);
    }, 500);
  });
});
