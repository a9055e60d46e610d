package leveret.clients;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.Envelope;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A consumer whose deliveries a scenario takes one by one. */
final class Inbox extends DefaultConsumer {
  private static final long WAIT_MAX_S = 15;
  private final BlockingQueue<Delivery> deliveries = new LinkedBlockingQueue<>();
  private volatile boolean isCancelled;
  private String tag;

  private Inbox(Channel channel) {
    super(channel);
  }

  static Inbox consume(Channel channel, String queue, boolean autoAck) throws IOException {
    Inbox inbox = new Inbox(channel);
    // getConsumerTag() is set by another thread, maybe later.
    inbox.tag = channel.basicConsume(queue, autoAck, inbox);
    return inbox;
  }

  @Override
  public void handleDelivery(
      String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body) {
    deliveries.add(new Delivery(envelope, properties, body));
  }

  @Override
  public void handleCancel(String consumerTag) {
    isCancelled = true;
  }

  void cancel() throws IOException {
    getChannel().basicCancel(tag);
  }

  boolean isCancelled() {
    return isCancelled;
  }

  boolean isEmpty() {
    return deliveries.isEmpty();
  }

  Delivery take() throws InterruptedException {
    Delivery delivery = deliveries.poll(WAIT_MAX_S, TimeUnit.SECONDS);
    if (delivery == null) {
      throw new AssertionError("timed out waiting for a delivery");
    }
    return delivery;
  }

  List<Delivery> take(int count) throws InterruptedException {
    List<Delivery> taken = new ArrayList<>();
    while (taken.size() < count) {
      taken.add(take());
    }
    return taken;
  }

  static List<String> bodies(List<Delivery> all) {
    return all.stream().map(delivery -> Context.text(delivery.getBody())).toList();
  }

  static List<Boolean> redelivered(List<Delivery> all) {
    return all.stream().map(delivery -> delivery.getEnvelope().isRedeliver()).toList();
  }

  static long tag(Delivery delivery) {
    return delivery.getEnvelope().getDeliveryTag();
  }
}
