package leveret.clients;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.Recoverable;
import com.rabbitmq.client.RecoveryListener;
import com.rabbitmq.client.ShutdownSignalException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Requests and replies, many channels, and how connections begin and end. */
final class ConnectionScenarios {
  private static final long WAIT_MAX_S = 15;
  private static final int CHANNEL_COUNT = 200;
  private static final int REQUEST_COUNT = 50;

  private ConnectionScenarios() {}

  static void addTo(Map<String, Scenario> all) {
    all.put("rpc-reply-queue", ConnectionScenarios::rpcReplyQueue);
    all.put("rpc-direct-reply-to", ConnectionScenarios::rpcDirectReplyTo);
    all.put("many-channels", ConnectionScenarios::manyChannels);
    all.put("refused-login", ConnectionScenarios::refusedLogin);
    all.put("reconnect", ConnectionScenarios::reconnect);
    all.put("requeue-on-close", ConnectionScenarios::requeueOnClose);
    all.put("graceful-close", ConnectionScenarios::gracefulClose);
  }

  private static String serveDoubling(Context context) throws Exception {
    Channel channel = context.connect().createChannel();
    String queue = Context.declare(channel, context.queueName("requests"), null);
    channel.basicQos(5);
    channel.basicConsume(
        queue,
        false,
        (tag, request) -> {
          AMQP.BasicProperties asked = request.getProperties();
          AMQP.BasicProperties properties =
              new AMQP.BasicProperties.Builder().correlationId(asked.getCorrelationId()).build();
          String answer = String.valueOf(Integer.parseInt(Context.text(request.getBody())) * 2);
          Context.publish(channel, "", asked.getReplyTo(), answer, properties);
          channel.basicAck(request.getEnvelope().getDeliveryTag(), false);
        },
        tag -> {});
    return queue;
  }

  private static void requestAll(Channel channel, String queue, String replyTo) throws Exception {
    Inbox answers = Inbox.consume(channel, replyTo, true);
    for (int index = 0; index < REQUEST_COUNT; index++) {
      AMQP.BasicProperties properties =
          new AMQP.BasicProperties.Builder()
              .replyTo(replyTo)
              .correlationId("request-" + index)
              .build();
      Context.publish(channel, "", queue, String.valueOf(index), properties);
    }
    Map<String, String> byId = new HashMap<>();
    for (Delivery answer : answers.take(REQUEST_COUNT)) {
      byId.put(answer.getProperties().getCorrelationId(), Context.text(answer.getBody()));
    }
    for (int index = 0; index < REQUEST_COUNT; index++) {
      Check.equal("answer", byId.get("request-" + index), String.valueOf(index * 2));
    }
  }

  private static void rpcReplyQueue(Context context) throws Exception {
    String requests = serveDoubling(context);
    Channel channel = context.channel();
    String replies = channel.queueDeclare("", false, true, false, null).getQueue();
    requestAll(channel, requests, replies);
  }

  private static void rpcDirectReplyTo(Context context) throws Exception {
    requestAll(context.channel(), serveDoubling(context), "amq.rabbitmq.reply-to");
  }

  private static void manyChannels(Context context) throws Exception {
    Connection connection = context.connect();
    List<Channel> channels = new ArrayList<>();
    List<String> queues = new ArrayList<>();
    for (int index = 0; index < CHANNEL_COUNT; index++) {
      Channel channel = connection.createChannel();
      channels.add(channel);
      queues.add(channel.queueDeclare("", false, true, false, null).getQueue());
    }
    for (int index = 0; index < CHANNEL_COUNT; index++) {
      Context.publish(channels.get(index), "", queues.get(index), String.valueOf(index));
    }
    for (int index = 0; index < CHANNEL_COUNT; index++) {
      List<String> bodies = Context.drain(channels.get(index), queues.get(index));
      Check.equal("body", bodies, List.of(String.valueOf(index)));
    }
    for (Channel channel : channels) {
      channel.close();
    }
  }

  private static void refusedLogin(Context context) throws Exception {
    ConnectionFactory wrongPassword = context.factory();
    wrongPassword.setPassword("wrong");
    try {
      context.connect(wrongPassword);
      throw new AssertionError("a wrong password was accepted");
    } catch (AuthenticationFailureException error) {
      Check.contains(
          error.getMessage(),
          "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.");
    }
    ConnectionFactory missingVhost = context.factory();
    missingVhost.setVirtualHost("no-such-vhost");
    Check.equal(
        "reply",
        Check.refused(() -> context.connect(missingVhost)),
        new Check.Reply(530, "NOT_ALLOWED - vhost no-such-vhost not found"));
  }

  /** Publishes with the immediate flag, which closes the connection with 540. */
  private static void provokeConnectionError(Channel channel) throws Exception {
    channel.basicPublish("", "nowhere", false, true, null, "now".getBytes());
  }

  private static void reconnect(Context context) throws Exception {
    ConnectionFactory factory = context.factory();
    factory.setAutomaticRecoveryEnabled(true);
    factory.setTopologyRecoveryEnabled(true);
    factory.setNetworkRecoveryInterval(50);
    Connection connection = context.connect(factory);
    CompletableFuture<ShutdownSignalException> closed = new CompletableFuture<>();
    CompletableFuture<Recoverable> recovered = new CompletableFuture<>();
    connection.addShutdownListener(closed::complete);
    ((Recoverable) connection).addRecoveryListener(new OnRecovery(recovered));

    String exchange = context.exchangeName("x");
    Channel channel = connection.createChannel();
    channel.exchangeDeclare(exchange, "fanout");
    String queue = channel.queueDeclare("", false, true, false, null).getQueue();
    channel.queueBind(queue, exchange, "");
    Inbox inbox = Inbox.consume(channel, queue, true);
    Context.publish(channel, exchange, "", "before");
    Check.equal("first message", Context.text(inbox.take().getBody()), "before");

    provokeConnectionError(channel);
    Check.equal(
        "reply",
        Check.reply(closed.get(WAIT_MAX_S, TimeUnit.SECONDS)),
        new Check.Reply(540, "NOT_IMPLEMENTED - immediate=true"));
    recovered.get(WAIT_MAX_S, TimeUnit.SECONDS);
    Context.publish(channel, exchange, "", "after");
    Check.equal("second message", Context.text(inbox.take().getBody()), "after");
  }

  /** Completes when the library has restored connection, topology and consumers. */
  private record OnRecovery(CompletableFuture<Recoverable> recovered) implements RecoveryListener {
    @Override
    public void handleRecovery(Recoverable recoverable) {
      recovered.complete(recoverable);
    }

    @Override
    public void handleRecoveryStarted(Recoverable recoverable) {
      // Only the end is awaited.
    }
  }

  private static void requeueOnClose(Context context) throws Exception {
    Connection connection = context.connect();
    CompletableFuture<ShutdownSignalException> closed = new CompletableFuture<>();
    connection.addShutdownListener(closed::complete);
    Channel channel = connection.createChannel();
    String queue = Context.declare(channel, context.queueName("q"), null);
    for (String body : List.of("a", "b", "c")) {
      Context.publish(channel, "", queue, body);
    }
    List<Delivery> first = Inbox.consume(channel, queue, false).take(3);
    channel.basicAck(Inbox.tag(first.get(0)), false);
    provokeConnectionError(channel);
    Check.equal("reply code", Check.reply(closed.get(WAIT_MAX_S, TimeUnit.SECONDS)).code(), 540);

    Channel observer = context.channel();
    Context.awaitReady(observer, queue, 2);
    List<Delivery> again = Inbox.consume(observer, queue, true).take(2);
    Check.equal("order", Inbox.bodies(again), List.of("b", "c"));
    Check.equal("redelivered", Inbox.redelivered(again), List.of(true, true));
  }

  private static void gracefulClose(Context context) throws Exception {
    Connection connection = context.connect();
    CompletableFuture<ShutdownSignalException> closed = new CompletableFuture<>();
    connection.addShutdownListener(closed::complete);
    Channel channel = connection.createChannel();
    String queue = Context.declare(channel, context.queueName("q"), null);
    for (int index = 0; index < 100; index++) {
      Context.publish(channel, "", queue, "last words");
    }
    channel.close();
    connection.close();
    boolean isOwn = closed.get(WAIT_MAX_S, TimeUnit.SECONDS).isInitiatedByApplication();
    Check.equal("closed by the application", isOwn, true);
    Context.awaitReady(context.channel(), queue, 100);
  }
}
