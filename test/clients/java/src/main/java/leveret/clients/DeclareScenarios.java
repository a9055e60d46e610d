package leveret.clients;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import java.util.List;
import java.util.Map;

/** Declaring queues and exchanges, and what bindings of each type route. */
final class DeclareScenarios {
  private DeclareScenarios() {}

  static void addTo(Map<String, Scenario> all) {
    all.put("declare", DeclareScenarios::declare);
    all.put("declare-passive", DeclareScenarios::declarePassive);
    all.put("server-named-queue", DeclareScenarios::serverNamedQueue);
    all.put("exchange-types", DeclareScenarios::exchangeTypes);
  }

  private static void declare(Context context) throws Exception {
    String queue = context.queueName("q");
    Channel channel = context.channel();
    Map<String, Object> arguments = Map.of("x-max-length", 1000, "x-expires", 600_000);
    for (int round = 0; round < 2; round++) {
      AMQP.Queue.DeclareOk ok = channel.queueDeclare(queue, false, false, false, arguments);
      Check.equal("queue", ok.getQueue(), queue);
      Check.equal("counts", List.of(ok.getMessageCount(), ok.getConsumerCount()), List.of(0, 0));
    }
    Check.Reply reply =
        Check.refused(() -> channel.queueDeclare(queue, true, false, false, arguments));
    String text =
        "PRECONDITION_FAILED - inequivalent arg 'durable' for queue '%s' in vhost '/': received 'true' but current is 'false'";
    Check.equal("reply", reply, new Check.Reply(406, text.formatted(queue)));
  }

  private static void declarePassive(Context context) throws Exception {
    Channel channel = context.channel();
    String queue = Context.declare(channel, context.queueName("q"), null);
    Context.publish(channel, "", queue, "1");
    Context.publish(channel, "", queue, "2");
    Context.awaitReady(channel, queue, 2);
    Inbox.consume(channel, queue, false).take(2);
    AMQP.Queue.DeclareOk ok = channel.queueDeclarePassive(queue);
    Check.equal("counts", List.of(ok.getMessageCount(), ok.getConsumerCount()), List.of(0, 1));

    String missing = queue + "-missing";
    Check.equal(
        "reply",
        Check.refused(() -> channel.queueDeclarePassive(missing)),
        new Check.Reply(404, "NOT_FOUND - no queue '%s' in vhost '/'".formatted(missing)));
    Channel other = context.channel();
    Check.equal(
        "reply",
        Check.refused(() -> other.exchangeDeclarePassive(missing)),
        new Check.Reply(404, "NOT_FOUND - no exchange '%s' in vhost '/'".formatted(missing)));
  }

  private static void serverNamedQueue(Context context) throws Exception {
    Connection owner = context.connect();
    Channel ownChannel = owner.createChannel();
    String queue = ownChannel.queueDeclare("", false, true, false, null).getQueue();
    if (!queue.matches("amq\\.gen-.{22}")) {
      throw new AssertionError("unexpected name " + queue);
    }
    Context.publish(ownChannel, "", queue, "mine");
    Check.equal("own queue", Context.drain(ownChannel, queue), List.of("mine"));

    Channel other = context.channel();
    Check.Reply locked = Check.refused(() -> other.queueDeclarePassive(queue));
    Check.equal("reply code", locked.code(), 405);
    Check.contains(
        locked.text(),
        "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '%s' in vhost '/'"
            .formatted(queue));

    owner.close();
    Check.until("the exclusive queue to be gone", () -> isMissing(context, queue));
  }

  private static boolean isMissing(Context context, String queue) throws Exception {
    Channel channel = context.channel();
    return Check.refused(() -> channel.queueDeclarePassive(queue)).code() == 404;
  }

  private static void exchangeTypes(Context context) throws Exception {
    Channel channel = context.channel();
    direct(context, channel);
    fanout(context, channel);
    topic(context, channel);
    headers(context, channel);
    exchangeToExchange(context, channel);
  }

  private static String bound(Channel channel, String queue, String exchange, String key)
      throws Exception {
    Context.declare(channel, queue, null);
    channel.queueBind(queue, exchange, key);
    return queue;
  }

  private static void direct(Context context, Channel channel) throws Exception {
    String exchange = context.exchangeName("direct");
    channel.exchangeDeclare(exchange, "direct");
    String red = bound(channel, context.queueName("direct-red"), exchange, "red");
    String blue = bound(channel, context.queueName("direct-blue"), exchange, "blue");
    for (String key : List.of("red", "blue", "blue", "green")) {
      Context.publish(channel, exchange, key, key);
    }
    Check.equal("red", Context.drain(channel, red), List.of("red"));
    Check.equal("blue", Context.drain(channel, blue), List.of("blue", "blue"));
  }

  private static void fanout(Context context, Channel channel) throws Exception {
    String exchange = context.exchangeName("fanout");
    channel.exchangeDeclare(exchange, "fanout");
    String first = bound(channel, context.queueName("fanout-1"), exchange, "a");
    String second = bound(channel, context.queueName("fanout-2"), exchange, "");
    Context.publish(channel, exchange, "whatever", "all");
    Check.equal("first", Context.drain(channel, first), List.of("all"));
    Check.equal("second", Context.drain(channel, second), List.of("all"));
  }

  private static void topic(Context context, Channel channel) throws Exception {
    String exchange = context.exchangeName("topic");
    channel.exchangeDeclare(exchange, "topic");
    String star = bound(channel, context.queueName("topic-star"), exchange, "a.*.c");
    String hash = bound(channel, context.queueName("topic-hash"), exchange, "a.#");
    for (String key : List.of("a.b.c", "a.c", "a", "a.b.c.d", "b.a.c")) {
      Context.publish(channel, exchange, key, key);
    }
    Check.equal("a.*.c", Context.drain(channel, star), List.of("a.b.c"));
    Check.equal("a.#", Context.drain(channel, hash), List.of("a.b.c", "a.c", "a", "a.b.c.d"));
  }

  private static void headers(Context context, Channel channel) throws Exception {
    String exchange = context.exchangeName("headers");
    channel.exchangeDeclare(exchange, "headers");
    String all = Context.declare(channel, context.queueName("headers-all"), null);
    String any = Context.declare(channel, context.queueName("headers-any"), null);
    Map<String, Object> pair = Map.of("colour", "red", "size", 3);
    channel.queueBind(
        all, exchange, "", Map.of("x-match", "all", "colour", "red", "size", 3));
    channel.queueBind(
        any, exchange, "", Map.of("x-match", "any", "colour", "red", "size", 3));
    Context.publish(channel, exchange, "", "both", with(pair));
    Context.publish(channel, exchange, "", "colour", with(Map.of("colour", "red")));
    Context.publish(channel, exchange, "", "size", with(Map.of("size", 3, "other", true)));
    Context.publish(channel, exchange, "", "neither", with(Map.of("colour", "blue")));
    Check.equal("all", Context.drain(channel, all), List.of("both"));
    Check.equal("any", Context.drain(channel, any), List.of("both", "colour", "size"));
  }

  private static AMQP.BasicProperties with(Map<String, Object> headers) {
    return new AMQP.BasicProperties.Builder().headers(headers).build();
  }

  private static void exchangeToExchange(Context context, Channel channel) throws Exception {
    String source = context.exchangeName("source");
    String exchange = context.exchangeName("destination");
    channel.exchangeDeclare(source, "topic");
    channel.exchangeDeclare(exchange, "fanout");
    channel.exchangeBind(exchange, source, "logs.*");
    String queue = bound(channel, context.queueName("bound-exchange"), exchange, "");
    Context.publish(channel, source, "logs.info", "1");
    Context.publish(channel, source, "other", "2");
    Check.equal("through two exchanges", Context.drain(channel, queue), List.of("1"));
  }
}
