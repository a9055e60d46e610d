package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	confirmCount  = 500
	largeBodySize = 3*1024*1024 + 17
)

func publishConfirm(s *scenario) {
	channel := s.channel()
	queue := declareQueue(channel, s.queueName("q"), nil)
	must(channel.Confirm(false))
	confirms := make([]*amqp.DeferredConfirmation, 0, confirmCount)
	for index := range confirmCount {
		message := amqp.Publishing{Body: fmt.Appendf(nil, "message %d", index)}
		confirm, err := channel.PublishWithDeferredConfirm("", queue, false, false, message)
		must(err)
		confirms = append(confirms, confirm)
	}
	limit, cancel := context.WithTimeout(context.Background(), waitMax)
	defer cancel()
	for _, confirm := range confirms {
		isAcked, err := confirm.WaitContext(limit)
		must(err)
		equal("ack", isAcked, true)
	}
	equal("messages", len(drain(channel, queue)), confirmCount)
}

func mandatoryReturn(s *scenario) {
	channel := s.channel()
	must(channel.Confirm(false))
	// Unbuffered: the library hands over one event at a time, in the order in which they came.
	returns := channel.NotifyReturn(make(chan amqp.Return))
	confirms := channel.NotifyPublish(make(chan amqp.Confirmation))
	key := s.queueName("missing")
	message := amqp.Publishing{Body: []byte("lost"), MessageId: "m1"}
	must(channel.PublishWithContext(context.Background(), "", key, true, false, message))
	select {
	case returned := <-returns:
		equal("code", returned.ReplyCode, uint16(312))
		equal("text", returned.ReplyText, "NO_ROUTE")
		equal("exchange", returned.Exchange, "")
		equal("routing key", returned.RoutingKey, key)
		equal("body", string(returned.Body), "lost")
		equal("message id", returned.MessageId, "m1")
	case <-confirms:
		fail("the ack came before the return")
	case <-time.After(waitMax):
		fail("timed out waiting for the return")
	}
	equal("ack", receive("the ack", confirms), amqp.Confirmation{DeliveryTag: 1, Ack: true})
}

func headersRoundTrip(s *scenario) {
	channel := s.channel()
	queue := declareQueue(channel, s.queueName("q"), nil)
	uri, err := amqp.ParseURI(s.url)
	must(err)
	moment := time.Unix(1_700_000_000, 0).UTC()
	sent := amqp.Publishing{
		ContentType: "application/json", ContentEncoding: "gzip", DeliveryMode: amqp.Persistent, Priority: 7,
		CorrelationId: "correlation", ReplyTo: "reply.to", Expiration: "600000", MessageId: "message-1",
		Timestamp: moment, Type: "event", UserId: uri.Username, AppId: "suite", Body: []byte("{}"),
		Headers: amqp.Table{
			"yes": true, "no": false, "byte": byte(200), "int8": int8(-12), "int16": int16(-1234),
			"int32": int32(-12_345_678), "int64": int64(-1_234_567_890_123), "float32": float32(0.5),
			"float64": 1.25e-7, "decimal": amqp.Decimal{Scale: 2, Value: 314}, "text": "grüße, 世界", "empty": "",
			"long-text": strings.Repeat("x", 20_000), "bytes": []byte{0, 1, 127, 128, 255}, "nothing": nil,
			"timestamp": moment,
			"list":      []any{int32(1), "two", false, nil, []any{3.5}, amqp.Table{"four": int32(4)}},
			"table": amqp.Table{
				"nested": amqp.Table{"deeper": amqp.Table{"value": "bottom"}}, "empty": amqp.Table{},
			},
		},
	}
	publishMessage(channel, "", queue, sent)
	received := get(channel, queue)
	for name, value := range sent.Headers {
		actual := received.Headers[name]
		if stamp, isTime := actual.(time.Time); isTime {
			actual = stamp.UTC()
		}
		equal("header "+name, actual, value)
	}
	equal("number of headers", len(received.Headers), len(sent.Headers))
	equal("properties", amqp.Publishing{
		ContentType: received.ContentType, ContentEncoding: received.ContentEncoding,
		DeliveryMode: received.DeliveryMode, Priority: received.Priority, CorrelationId: received.CorrelationId,
		ReplyTo: received.ReplyTo, Expiration: received.Expiration, MessageId: received.MessageId,
		Timestamp: received.Timestamp.UTC(), Type: received.Type, UserId: received.UserId, AppId: received.AppId,
		Body: received.Body, Headers: sent.Headers,
	}, sent)
	must(received.Ack(false))
}

func transactions(s *scenario) {
	channel := s.channel()
	observer := s.channel()
	queue := declareQueue(channel, s.queueName("q"), nil)
	must(channel.Tx())
	publish(channel, "", queue, "rolled back")
	must(channel.TxRollback())
	publish(channel, "", queue, "1")
	publish(channel, "", queue, "2")
	equal("before the commit", drain(channel, queue), []string{})
	must(channel.TxCommit())
	awaitReady(observer, queue, 2)

	must(get(channel, queue).Ack(false))
	must(channel.TxCommit())
	must(channel.Close())
	equal("after the commit of an ack", drain(observer, queue), []string{"2"})
}

func largeMessage(s *scenario) {
	channel := s.channel()
	queue := declareQueue(channel, s.queueName("q"), nil)
	deliveries := consume(channel, queue, true)
	body := make([]byte, largeBodySize)
	_, err := rand.Read(body)
	must(err)
	publishMessage(channel, "", queue, amqp.Publishing{Body: body})
	received := receive("the large message", deliveries)
	if !bytes.Equal(received.Body, body) {
		fail("the body of %d bytes differs from the %d sent", len(received.Body), len(body))
	}
}
