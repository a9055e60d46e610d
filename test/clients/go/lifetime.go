package main

import (
	"context"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func messageTTL(s *scenario) {
	channel := s.channel()
	byQueue := declareQueue(channel, s.queueName("by-queue"), amqp.Table{"x-message-ttl": int32(50)})
	publish(channel, "", byQueue, "queue")
	publishMessage(channel, "", byQueue, amqp.Publishing{Body: []byte("queue is earlier"), Expiration: "600000"})
	byMessage := declareQueue(channel, s.queueName("by-message"), amqp.Table{"x-message-ttl": int32(600_000)})
	publishMessage(channel, "", byMessage, amqp.Publishing{Body: []byte("message is earlier"), Expiration: "50"})
	publish(channel, "", byMessage, "stays")
	awaitReady(channel, byQueue, 0)
	awaitReady(channel, byMessage, 1)
	equal("left", drain(channel, byMessage), []string{"stays"})
}

// deadMessage takes the one dead message and checks its headers; it returns the message and its only death.
func deadMessage(channel *amqp.Channel, dead, source, reason string) (amqp.Delivery, amqp.Table) {
	awaitReady(channel, dead, 1)
	message := get(channel, dead)
	must(message.Ack(false))
	equal("routing key", message.RoutingKey, "buried")
	equal("body", string(message.Body), reason)
	equal("first queue", first(message.Headers, "queue"), source)
	equal("first reason", first(message.Headers, "reason"), reason)
	equal("first exchange", first(message.Headers, "exchange"), "")
	deaths, isList := message.Headers["x-death"].([]any)
	if !isList || len(deaths) != 1 {
		fail("unexpected x-death %v", message.Headers["x-death"])
	}
	death, isTable := deaths[0].(amqp.Table)
	equal("a table in x-death", isTable, true)
	equal("queue", death["queue"], source)
	equal("reason", death["reason"], reason)
	equal("count", death["count"], int64(1))
	equal("exchange", death["exchange"], "")
	equal("routing keys", death["routing-keys"], []any{source})
	if _, isTime := death["time"].(time.Time); !isTime {
		fail("x-death has no time stamp: %v", death)
	}
	return message, death
}

func deadLetter(s *scenario) {
	channel := s.channel()
	exchange := s.exchangeName("dlx")
	declareExchange(channel, exchange, "direct")
	dead := declareQueue(channel, s.queueName("dead"), nil)
	must(channel.QueueBind(dead, "buried", exchange, false, nil))
	arguments := amqp.Table{"x-dead-letter-exchange": exchange, "x-dead-letter-routing-key": "buried"}
	source := declareQueue(channel, s.queueName("source"), arguments)
	publish(channel, "", source, "rejected")
	must(get(channel, source).Nack(false, false))
	deadMessage(channel, dead, source, "rejected")

	publishMessage(channel, "", source, amqp.Publishing{Body: []byte("expired"), Expiration: "20"})
	message, death := deadMessage(channel, dead, source, "expired")
	equal("expiration", message.Expiration, "")
	equal("original expiration", death["original-expiration"], "20")
}

func confirmed(channel *amqp.Channel, queue, body string) bool {
	message := amqp.Publishing{Body: []byte(body)}
	confirm, err := channel.PublishWithDeferredConfirm("", queue, false, false, message)
	must(err)
	limit, cancel := context.WithTimeout(context.Background(), waitMax)
	defer cancel()
	isAcked, err := confirm.WaitContext(limit)
	must(err)
	return isAcked
}

func maxLength(s *scenario) {
	channel := s.channel()
	must(channel.Confirm(false))
	dropHead := declareQueue(channel, s.queueName("drop-head"), amqp.Table{"x-max-length": int32(2)})
	for _, body := range []string{"1", "2", "3", "4"} {
		equal("ack", confirmed(channel, dropHead, body), true)
	}
	equal("kept", drain(channel, dropHead), []string{"3", "4"})

	arguments := amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish"}
	rejecting := declareQueue(channel, s.queueName("reject-publish"), arguments)
	equal("first publish", confirmed(channel, rejecting, "first"), true)
	equal("second publish", confirmed(channel, rejecting, "second"), false)
	equal("kept", drain(channel, rejecting), []string{"first"})
}

func priority(s *scenario) {
	channel := s.channel()
	queue := declareQueue(channel, s.queueName("q"), amqp.Table{"x-max-priority": int32(5)})
	for _, message := range []amqp.Publishing{
		{Body: []byte("low"), Priority: 1},
		{Body: []byte("high-1"), Priority: 5},
		{Body: []byte("none")},
		{Body: []byte("middle"), Priority: 3},
		{Body: []byte("high-2"), Priority: 9},
	} {
		publishMessage(channel, "", queue, message)
	}
	equal("order", drain(channel, queue), []string{"high-1", "high-2", "middle", "low", "none"})
}

func first(table amqp.Table, part string) string {
	return fmt.Sprint(table["x-first-death-"+part])
}
