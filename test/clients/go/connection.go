package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	channelCount = 200
	requestCount = 50
)

// serveDoubling answers each number in the returned queue with its double until the scenario's connections close.
func serveDoubling(s *scenario) string {
	channel := openChannel(s.connect())
	queue := declareQueue(channel, s.queueName("requests"), nil)
	must(channel.Qos(5, 0, false))
	requests := consume(channel, queue, false)
	go func() {
		for request := range requests {
			// A failure here shows as an answer that never comes.
			number, err := strconv.Atoi(string(request.Body))
			if err != nil {
				return
			}
			answer := amqp.Publishing{CorrelationId: request.CorrelationId, Body: []byte(strconv.Itoa(number * 2))}
			if channel.PublishWithContext(context.Background(), "", request.ReplyTo, false, false, answer) != nil {
				return
			}
			if request.Ack(false) != nil {
				return
			}
		}
	}()
	return queue
}

func requestAll(channel *amqp.Channel, queue, replyTo string) {
	answers := consume(channel, replyTo, true)
	for index := range requestCount {
		publishMessage(channel, "", queue, amqp.Publishing{
			ReplyTo: replyTo, CorrelationId: fmt.Sprintf("request-%d", index), Body: []byte(strconv.Itoa(index)),
		})
	}
	byID := map[string]string{}
	for _, answer := range take(answers, requestCount) {
		byID[answer.CorrelationId] = string(answer.Body)
	}
	for index := range requestCount {
		equal("answer", byID[fmt.Sprintf("request-%d", index)], strconv.Itoa(index*2))
	}
}

func rpcReplyQueue(s *scenario) {
	requests := serveDoubling(s)
	channel := s.channel()
	replies, err := channel.QueueDeclare("", false, false, true, false, nil)
	must(err)
	requestAll(channel, requests, replies.Name)
}

func rpcDirectReplyTo(s *scenario) {
	requests := serveDoubling(s)
	requestAll(s.channel(), requests, "amq.rabbitmq.reply-to")
}

func manyChannels(s *scenario) {
	connection := s.connect()
	channels := make([]*amqp.Channel, channelCount)
	queues := make([]string, channelCount)
	for index := range channels {
		channels[index] = openChannel(connection)
		queue, err := channels[index].QueueDeclare("", false, false, true, false, nil)
		must(err)
		queues[index] = queue.Name
	}
	for index, channel := range channels {
		publish(channel, "", queues[index], strconv.Itoa(index))
	}
	for index, channel := range channels {
		equal("body", drain(channel, queues[index]), []string{strconv.Itoa(index)})
	}
	for _, channel := range channels {
		must(channel.Close())
	}
}

func refusedLogin(s *scenario) {
	wrongPassword, err := url.Parse(s.url)
	must(err)
	name := wrongPassword.User.Username()
	if name == "" {
		name = "guest"
	}
	wrongPassword.User = url.UserPassword(name, "wrong")
	_, err = amqp.Dial(wrongPassword.String())
	// The library answers the broker's 403 with an error of its own.
	if !errors.Is(err, amqp.ErrCredentials) {
		fail("expected refused credentials, got %v", err)
	}
	missingVhost, err := url.Parse(s.url)
	must(err)
	missingVhost.Path = "/no-such-vhost"
	_, err = amqp.Dial(missingVhost.String())
	refused(err, 530, "NOT_ALLOWED - vhost no-such-vhost not found")
}

// provokeConnectionError publishes with the immediate flag, which closes the connection with 540.
func provokeConnectionError(channel *amqp.Channel) {
	message := amqp.Publishing{Body: []byte("now")}
	must(channel.PublishWithContext(context.Background(), "", "nowhere", false, true, message))
}

// subscriber is what an application sets up on each of its connections.
type subscriber struct {
	channel    *amqp.Channel
	deliveries <-chan amqp.Delivery
	closed     chan *amqp.Error
}

func (s *scenario) subscribe(exchange string) subscriber {
	connection := s.connect()
	closed := connection.NotifyClose(make(chan *amqp.Error, 1))
	channel := openChannel(connection)
	declareExchange(channel, exchange, "fanout")
	queue, err := channel.QueueDeclare("", false, false, true, false, nil)
	must(err)
	must(channel.QueueBind(queue.Name, "", exchange, false, nil))
	return subscriber{channel, consume(channel, queue.Name, true), closed}
}

func reconnect(s *scenario) {
	exchange := s.exchangeName("x")
	before := s.subscribe(exchange)
	publish(before.channel, exchange, "", "before")
	equal("first message", string(receive("the first message", before.deliveries).Body), "before")
	provokeConnectionError(before.channel)
	refused(receive("the close of the connection", before.closed), 540, "NOT_IMPLEMENTED - immediate=true")

	after := s.subscribe(exchange)
	publish(after.channel, exchange, "", "after")
	equal("second message", string(receive("the second message", after.deliveries).Body), "after")
}

func requeueOnClose(s *scenario) {
	connection := s.connect()
	closed := connection.NotifyClose(make(chan *amqp.Error, 1))
	channel := openChannel(connection)
	queue := declareQueue(channel, s.queueName("q"), nil)
	for _, body := range []string{"a", "b", "c"} {
		publish(channel, "", queue, body)
	}
	must(take(consume(channel, queue, false), 3)[0].Ack(false))
	provokeConnectionError(channel)
	equal("reply code", receive("the close of the connection", closed).Code, 540)

	observer := s.channel()
	awaitReady(observer, queue, 2)
	again := take(consume(observer, queue, true), 2)
	equal("order", bodies(again), []string{"b", "c"})
	equal("redelivered", redelivered(again), []bool{true, true})
}

func gracefulClose(s *scenario) {
	connection := s.connect()
	connectionClosed := connection.NotifyClose(make(chan *amqp.Error, 1))
	channel := openChannel(connection)
	channelClosed := channel.NotifyClose(make(chan *amqp.Error, 1))
	queue := declareQueue(channel, s.queueName("q"), nil)
	for range 100 {
		publish(channel, "", queue, "last words")
	}
	must(channel.Close())
	must(connection.Close())
	// Closed without a value: no error was told.
	if reason, hasReason := <-channelClosed; hasReason {
		fail("the channel closed with %v", reason)
	}
	if reason, hasReason := <-connectionClosed; hasReason {
		fail("the connection closed with %v", reason)
	}
	awaitReady(s.channel(), queue, 100)
}
