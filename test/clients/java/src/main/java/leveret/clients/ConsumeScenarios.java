package leveret.clients;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.ShutdownSignalException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** Getting messages and settling them. */
final class ConsumeScenarios {
  private static final long WAIT_MAX_S = 15;

  private ConsumeScenarios() {}

  static void addTo(Map<String, Scenario> all) {
    all.put("basic-get", ConsumeScenarios::basicGet);
    all.put("consume-ack", ConsumeScenarios::consumeAck);
    all.put("nack-requeue", ConsumeScenarios::nackRequeue);
    all.put("reject", ConsumeScenarios::reject);
    all.put("recover", ConsumeScenarios::recover);
    all.put("qos-prefetch", ConsumeScenarios::qosPrefetch);
    all.put("unknown-delivery-tag", ConsumeScenarios::unknownDeliveryTag);
    all.put("consumer-cancel", ConsumeScenarios::consumerCancel);
  }

  private static String filledQueue(Context context, Channel channel, int count) throws Exception {
    String queue = Context.declare(channel, context.queueName("q"), null);
    for (int index = 0; index < count; index++) {
      Context.publish(channel, "", queue, String.valueOf(index));
    }
    return queue;
  }

  private static long getTag(Channel channel, String queue) throws Exception {
    return Context.get(channel, queue).getEnvelope().getDeliveryTag();
  }

  private static void basicGet(Context context) throws Exception {
    Channel channel = context.channel();
    String queue = filledQueue(context, channel, 3);
    for (int index = 0; index < 3; index++) {
      GetResponse response = Context.get(channel, queue);
      Check.equal("body", Context.text(response.getBody()), String.valueOf(index));
      Check.equal("remaining", response.getMessageCount(), 2 - index);
      Check.equal("redelivered", response.getEnvelope().isRedeliver(), false);
      channel.basicAck(response.getEnvelope().getDeliveryTag(), false);
    }
    Check.equal("a fourth message", channel.basicGet(queue, false), null);
  }

  private static void consumeAck(Context context) throws Exception {
    Connection connection = context.connect();
    Channel channel = connection.createChannel();
    String queue = filledQueue(context, channel, 100);
    List<Delivery> received = Inbox.consume(channel, queue, false).take(100);
    Check.equal(
        "order",
        Inbox.bodies(received),
        IntStream.range(0, 100).mapToObj(String::valueOf).toList());
    channel.basicAck(Inbox.tag(received.get(0)), false);
    channel.basicAck(Inbox.tag(received.get(99)), true);
    channel.close();
    connection.close();
    Channel after = context.channel();
    Context.awaitReady(after, queue, 0);
    Check.equal("left", Context.drain(after, queue), List.of());
  }

  private static void nackRequeue(Context context) throws Exception {
    Channel channel = context.channel();
    String queue = filledQueue(context, channel, 4);
    getTag(channel, queue);
    getTag(channel, queue);
    channel.basicNack(getTag(channel, queue), true, true);
    List<Delivery> again = Inbox.consume(channel, queue, false).take(4);
    Check.equal("order", Inbox.bodies(again), List.of("0", "1", "2", "3"));
    Check.equal("redelivered", Inbox.redelivered(again), List.of(true, true, true, false));
    channel.basicAck(Inbox.tag(again.get(3)), true);
  }

  private static void reject(Context context) throws Exception {
    Channel channel = context.channel();
    String queue = filledQueue(context, channel, 2);
    channel.basicReject(getTag(channel, queue), false);
    channel.basicReject(getTag(channel, queue), true);
    GetResponse again = Context.get(channel, queue);
    Check.equal("body", Context.text(again.getBody()), "1");
    Check.equal("redelivered", again.getEnvelope().isRedeliver(), true);
    channel.basicAck(again.getEnvelope().getDeliveryTag(), false);
    Check.equal("left", Context.drain(channel, queue), List.of());
  }

  private static void recover(Context context) throws Exception {
    Channel channel = context.channel();
    String queue = filledQueue(context, channel, 2);
    Inbox inbox = Inbox.consume(channel, queue, false);
    List<Delivery> received = new ArrayList<>(inbox.take(2));
    channel.basicRecover(true);
    received.addAll(inbox.take(2));
    Check.equal("order", Inbox.bodies(received), List.of("0", "1", "0", "1"));
    Check.equal("redelivered", Inbox.redelivered(received), List.of(false, false, true, true));
    channel.basicAck(Inbox.tag(received.get(3)), true);
  }

  private static void qosPrefetch(Context context) throws Exception {
    Channel channel = context.channel();
    Channel observer = context.channel();
    String queue = filledQueue(context, channel, 10);
    channel.basicQos(3);
    Inbox inbox = Inbox.consume(channel, queue, false);
    List<Delivery> received = new ArrayList<>(inbox.take(3));
    Context.awaitReady(observer, queue, 7);
    Check.equal("no 4th delivery", inbox.isEmpty(), true);
    channel.basicAck(Inbox.tag(received.get(0)), false);
    received.add(inbox.take());
    Context.awaitReady(observer, queue, 6);
    Check.equal("order", Inbox.bodies(received), List.of("0", "1", "2", "3"));
    channel.basicAck(Inbox.tag(received.get(3)), true);
    inbox.take(3);
  }

  private static void unknownDeliveryTag(Context context) throws Exception {
    Channel channel = context.channel();
    Channel bystander = context.channel();
    String queue = filledQueue(context, channel, 1);
    CompletableFuture<ShutdownSignalException> closed = new CompletableFuture<>();
    channel.addShutdownListener(closed::complete);
    long tag = getTag(channel, queue);
    channel.basicAck(tag, false);
    channel.basicAck(tag, false);
    Check.equal(
        "reply",
        Check.reply(closed.get(WAIT_MAX_S, TimeUnit.SECONDS)),
        new Check.Reply(406, "PRECONDITION_FAILED - unknown delivery tag 1"));
    Check.equal("left", Context.drain(bystander, queue), List.of());
  }

  private static void consumerCancel(Context context) throws Exception {
    Channel channel = context.channel();
    String queue = filledQueue(context, channel, 0);
    Inbox.consume(channel, queue, false).cancel();
    Context.publish(channel, "", queue, "after");
    AMQP.Queue.DeclareOk ok = channel.queueDeclarePassive(queue);
    Check.equal("consumers", ok.getConsumerCount(), 0);
    Check.equal("left", Context.drain(channel, queue), List.of("after"));

    Inbox inbox = Inbox.consume(channel, queue, false);
    context.channel().queueDelete(queue);
    Check.until("the cancel notification", inbox::isCancelled);
  }
}
