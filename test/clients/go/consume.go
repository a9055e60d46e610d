package main

import (
	"strconv"

	amqp "github.com/rabbitmq/amqp091-go"
)

func filledQueue(s *scenario, channel *amqp.Channel, count int) string {
	queue := declareQueue(channel, s.queueName("q"), nil)
	for index := range count {
		publish(channel, "", queue, strconv.Itoa(index))
	}
	return queue
}

func basicGet(s *scenario) {
	channel := s.channel()
	queue := filledQueue(s, channel, 3)
	for index := range 3 {
		delivery := get(channel, queue)
		equal("body", string(delivery.Body), strconv.Itoa(index))
		equal("remaining", delivery.MessageCount, uint32(2-index))
		equal("redelivered", delivery.Redelivered, false)
		must(delivery.Ack(false))
	}
	_, ok, err := channel.Get(queue, false)
	must(err)
	equal("a fourth message", ok, false)
}

func consumeAck(s *scenario) {
	connection := s.connect()
	channel := openChannel(connection)
	queue := filledQueue(s, channel, 100)
	received := take(consume(channel, queue, false), 100)
	for index, delivery := range received {
		equal("body", string(delivery.Body), strconv.Itoa(index))
	}
	must(received[0].Ack(false))
	must(received[99].Ack(true))
	must(channel.Close())
	must(connection.Close())
	after := s.channel()
	awaitReady(after, queue, 0)
	equal("left", drain(after, queue), []string{})
}

func nackRequeue(s *scenario) {
	channel := s.channel()
	queue := filledQueue(s, channel, 4)
	get(channel, queue)
	get(channel, queue)
	must(get(channel, queue).Nack(true, true))
	again := take(consume(channel, queue, false), 4)
	equal("order", bodies(again), []string{"0", "1", "2", "3"})
	equal("redelivered", redelivered(again), []bool{true, true, true, false})
	must(again[3].Ack(true))
}

func reject(s *scenario) {
	channel := s.channel()
	queue := filledQueue(s, channel, 2)
	must(get(channel, queue).Reject(false))
	must(get(channel, queue).Reject(true))
	again := get(channel, queue)
	equal("body", string(again.Body), "1")
	equal("redelivered", again.Redelivered, true)
	must(again.Ack(false))
	equal("left", drain(channel, queue), []string{})
}

func recoverUnacked(s *scenario) {
	channel := s.channel()
	queue := filledQueue(s, channel, 2)
	deliveries := consume(channel, queue, false)
	first := take(deliveries, 2)
	must(channel.Recover(true))
	again := take(deliveries, 2)
	equal("order", append(bodies(first), bodies(again)...), []string{"0", "1", "0", "1"})
	equal("redelivered", append(redelivered(first), redelivered(again)...), []bool{false, false, true, true})
	must(again[1].Ack(true))
}

func qosPrefetch(s *scenario) {
	channel := s.channel()
	observer := s.channel()
	queue := filledQueue(s, channel, 10)
	must(channel.Qos(3, 0, false))
	deliveries := consume(channel, queue, false)
	received := take(deliveries, 3)
	awaitReady(observer, queue, 7)
	equal("no 4th delivery", isIdle(deliveries), true)
	must(received[0].Ack(false))
	received = append(received, take(deliveries, 1)...)
	awaitReady(observer, queue, 6)
	equal("order", bodies(received), []string{"0", "1", "2", "3"})
	must(received[3].Ack(true))
	take(deliveries, 3)
}

func unknownDeliveryTag(s *scenario) {
	channel := s.channel()
	bystander := s.channel()
	queue := filledQueue(s, channel, 1)
	delivery := get(channel, queue)
	closed := channel.NotifyClose(make(chan *amqp.Error, 1))
	must(delivery.Ack(false))
	must(delivery.Ack(false))
	refused(receive("the channel to be closed", closed), 406, "PRECONDITION_FAILED - unknown delivery tag 1")
	equal("left", drain(bystander, queue), []string{})
}

func consumerCancel(s *scenario) {
	channel := s.channel()
	queue := filledQueue(s, channel, 0)
	_, err := channel.Consume(queue, "first", false, false, false, false, nil)
	must(err)
	must(channel.Cancel("first", false))
	publish(channel, "", queue, "after")
	state, err := inspect(channel, queue)
	must(err)
	equal("consumers", state.Consumers, 0)
	equal("left", drain(channel, queue), []string{"after"})

	cancelled := channel.NotifyCancel(make(chan string, 1))
	deliveries, err := channel.Consume(queue, "second", false, false, false, false, nil)
	must(err)
	_, err = s.channel().QueueDelete(queue, false, false, false)
	must(err)
	equal("cancelled consumer", receive("the cancel notification", cancelled), "second")
	until("the end of the deliveries", func() bool {
		select {
		case _, isOpen := <-deliveries:
			return !isOpen
		default:
			return false
		}
	})
}
