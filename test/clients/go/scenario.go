package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	waitMax      = 15 * time.Second
	pollInterval = 10 * time.Millisecond
)

// failure is what a check of a scenario panics with; runScenario turns it into the reason of a "not ok" line.
type failure struct{ reason string }

// scenario gives a test its broker, its connections and names that no other run uses.
type scenario struct {
	url         string
	prefix      string
	main        *amqp.Connection
	connections []*amqp.Connection
	queues      []string
	exchanges   []string
}

func newScenario(url, name string) *scenario {
	unique := make([]byte, 4)
	if _, err := rand.Read(unique); err != nil {
		panic(err)
	}
	return &scenario{url: url, prefix: fmt.Sprintf("go-%s-%s", name, hex.EncodeToString(unique))}
}

func (s *scenario) queueName(suffix string) string {
	name := s.prefix + "-" + suffix
	s.queues = append(s.queues, name)
	return name
}

func (s *scenario) exchangeName(suffix string) string {
	name := s.prefix + "-" + suffix
	s.exchanges = append(s.exchanges, name)
	return name
}

// connect opens a connection that is closed when the scenario ends.
func (s *scenario) connect() *amqp.Connection {
	connection, err := amqp.Dial(s.url)
	must(err)
	s.connections = append(s.connections, connection)
	return connection
}

// channel opens a channel on the scenario's main connection.
func (s *scenario) channel() *amqp.Channel {
	if s.main == nil {
		s.main = s.connect()
	}
	return openChannel(s.main)
}

func openChannel(connection *amqp.Connection) *amqp.Channel {
	channel, err := connection.Channel()
	must(err)
	return channel
}

// end deletes what the scenario declared and closes its connections.
func (s *scenario) end() {
	for _, connection := range s.connections {
		if err := connection.Close(); err != nil && !errors.Is(err, amqp.ErrClosed) {
			must(err)
		}
	}
	connection, err := amqp.Dial(s.url)
	must(err)
	channel := openChannel(connection)
	for _, queue := range s.queues {
		_, err := channel.QueueDelete(queue, false, false, false)
		must(err)
	}
	for _, exchange := range s.exchanges {
		must(channel.ExchangeDelete(exchange, false, false))
	}
	must(connection.Close())
}

func fail(format string, arguments ...any) {
	panic(failure{fmt.Sprintf(format, arguments...)})
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func equal(what string, actual, expected any) {
	if !reflect.DeepEqual(actual, expected) {
		fail("%s: expected %#v, got %#v", what, expected, actual)
	}
}

// brokerError checks that err is a close by the broker and returns it.
func brokerError(err error) *amqp.Error {
	var closed *amqp.Error
	if !errors.As(err, &closed) {
		fail("expected an error of the broker, got %v", err)
	}
	return closed
}

func refused(err error, code int, reason string) {
	closed := brokerError(err)
	equal("reply code", closed.Code, code)
	equal("reply text", closed.Reason, reason)
}

// until polls until isTrue holds.
func until(what string, isTrue func() bool) {
	deadline := time.Now().Add(waitMax)
	for !isTrue() {
		if time.Now().After(deadline) {
			fail("timed out waiting for %s", what)
		}
		time.Sleep(pollInterval)
	}
}

// receive takes the next value from a channel of the library, or fails after waitMax.
func receive[T any](what string, from <-chan T) T {
	select {
	case value, isOpen := <-from:
		if !isOpen {
			fail("closed while waiting for %s", what)
		}
		return value
	case <-time.After(waitMax):
		fail("timed out waiting for %s", what)
	}
	panic("unreachable")
}

func declareQueue(channel *amqp.Channel, name string, arguments amqp.Table) string {
	queue, err := channel.QueueDeclare(name, false, false, false, false, arguments)
	must(err)
	return queue.Name
}

func inspect(channel *amqp.Channel, queue string) (amqp.Queue, error) {
	return channel.QueueDeclarePassive(queue, false, false, false, false, nil)
}

// awaitReady waits until a passive declare tells count ready messages. RabbitMQ answers it ahead of publishes and
// acks that its queue has not handled yet, so one look is not enough.
func awaitReady(channel *amqp.Channel, queue string, count int) {
	until(fmt.Sprintf("%d ready messages in %s", count, queue), func() bool {
		state, err := inspect(channel, queue)
		must(err)
		return state.Messages == count
	})
}

// drain takes all messages, after everything published on the same channel, and returns their bodies.
func drain(channel *amqp.Channel, queue string) []string {
	bodies := []string{}
	for {
		delivery, ok, err := channel.Get(queue, true)
		must(err)
		if !ok {
			return bodies
		}
		bodies = append(bodies, string(delivery.Body))
	}
}

func get(channel *amqp.Channel, queue string) amqp.Delivery {
	delivery, ok, err := channel.Get(queue, false)
	must(err)
	if !ok {
		fail("nothing in %s", queue)
	}
	return delivery
}

func publish(channel *amqp.Channel, exchange, key, body string) {
	publishMessage(channel, exchange, key, amqp.Publishing{Body: []byte(body)})
}

func publishMessage(channel *amqp.Channel, exchange, key string, message amqp.Publishing) {
	must(channel.PublishWithContext(context.Background(), exchange, key, false, false, message))
}

func consume(channel *amqp.Channel, queue string, autoAck bool) <-chan amqp.Delivery {
	deliveries, err := channel.Consume(queue, "", autoAck, false, false, false, nil)
	must(err)
	return deliveries
}

// take receives count deliveries.
func take(deliveries <-chan amqp.Delivery, count int) []amqp.Delivery {
	taken := make([]amqp.Delivery, 0, count)
	for len(taken) < count {
		taken = append(taken, receive(fmt.Sprintf("delivery %d", len(taken)+1), deliveries))
	}
	return taken
}

func bodies(deliveries []amqp.Delivery) []string {
	all := []string{}
	for _, delivery := range deliveries {
		all = append(all, string(delivery.Body))
	}
	return all
}

func redelivered(deliveries []amqp.Delivery) []bool {
	all := []bool{}
	for _, delivery := range deliveries {
		all = append(all, delivery.Redelivered)
	}
	return all
}

// isIdle tells whether nothing waits to be received.
func isIdle(deliveries <-chan amqp.Delivery) bool {
	select {
	case <-deliveries:
		return false
	default:
		return true
	}
}
