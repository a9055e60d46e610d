// Tutorial 6: answers each number with its Fibonacci number.
// oxlint-disable typescript/no-unnecessary-condition -- the types of the callbacks leave out that there may be no error
// biome-ignore-all lint/suspicious/noConsole: a tutorial program prints for a person
// biome-ignore-all lint/style/noProcessEnv: a tutorial program reads the broker's address itself
const amqp = require("amqplib/callback_api");

function fibonacci(n) {
  let [current, following] = [0, 1];
  for (let index = 0; index < n; index++) {
    [current, following] = [following, current + following];
  }
  return current;
}

const { AMQP_URL: url = "amqp://localhost" } = process.env;

amqp.connect(url, (connectError, connection) => {
  if (connectError) throw connectError;
  connection.createChannel((channelError, channel) => {
    if (channelError) throw channelError;
    channel.assertQueue("rpc_queue", { durable: false });
    channel.prefetch(1);
    channel.consume(
      "rpc_queue",
      (message) => {
        const number = Number.parseInt(message.content.toString(), 10);
        console.log(`asked ${number}`);
        channel.sendToQueue(message.properties.replyTo, Buffer.from(String(fibonacci(number))), {
          correlationId: message.properties.correlationId,
        });
        channel.ack(message);
      },
      {},
      () => console.log("waiting"),
    );
  });
});
