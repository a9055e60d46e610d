package main

import (
	"fmt"
	"regexp"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

var generatedName = regexp.MustCompile(`^amq\.gen-.{22}$`)

func declare(s *scenario) {
	queue := s.queueName("q")
	channel := s.channel()
	arguments := amqp.Table{"x-max-length": int32(1000), "x-expires": int32(600_000)}
	for range 2 {
		state, err := channel.QueueDeclare(queue, false, false, false, false, arguments)
		must(err)
		equal("declared queue", state, amqp.Queue{Name: queue})
	}
	_, err := channel.QueueDeclare(queue, true, false, false, false, arguments)
	refused(err, 406, fmt.Sprintf("PRECONDITION_FAILED - inequivalent arg 'durable' for queue '%s' in vhost '/': "+
		"received 'true' but current is 'false'", queue))
}

func declarePassive(s *scenario) {
	channel := s.channel()
	queue := declareQueue(channel, s.queueName("q"), nil)
	publish(channel, "", queue, "1")
	publish(channel, "", queue, "2")
	awaitReady(channel, queue, 2)
	take(consume(channel, queue, false), 2)
	state, err := inspect(channel, queue)
	must(err)
	equal("passive declare", state, amqp.Queue{Name: queue, Messages: 0, Consumers: 1})

	missing := queue + "-missing"
	_, err = inspect(channel, missing)
	refused(err, 404, fmt.Sprintf("NOT_FOUND - no queue '%s' in vhost '/'", missing))
	err = s.channel().ExchangeDeclarePassive(missing, "direct", false, false, false, false, nil)
	refused(err, 404, fmt.Sprintf("NOT_FOUND - no exchange '%s' in vhost '/'", missing))
}

func serverNamedQueue(s *scenario) {
	owner := s.connect()
	ownChannel := openChannel(owner)
	state, err := ownChannel.QueueDeclare("", false, false, true, false, nil)
	must(err)
	queue := state.Name
	if !generatedName.MatchString(queue) {
		fail("unexpected name %s", queue)
	}
	publish(ownChannel, "", queue, "mine")
	equal("own queue", drain(ownChannel, queue), []string{"mine"})

	_, err = inspect(s.channel(), queue)
	locked := brokerError(err)
	equal("reply code", locked.Code, 405)
	text := fmt.Sprintf("RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '%s' in vhost '/'", queue)
	if !strings.Contains(locked.Reason, text) {
		fail("unexpected reply text %s", locked.Reason)
	}

	must(owner.Close())
	until("the exclusive queue to be gone", func() bool {
		_, err := inspect(s.channel(), queue)
		return err != nil && brokerError(err).Code == 404
	})
}

type binding struct {
	exchange, key, suffix string
	headers               amqp.Table
}

func bound(s *scenario, channel *amqp.Channel, to binding) string {
	queue := declareQueue(channel, s.queueName(to.suffix), nil)
	must(channel.QueueBind(queue, to.key, to.exchange, false, to.headers))
	return queue
}

func declareExchange(channel *amqp.Channel, name, kind string) {
	must(channel.ExchangeDeclare(name, kind, false, false, false, false, nil))
}

func exchangeTypes(s *scenario) {
	channel := s.channel()
	direct(s, channel)
	fanout(s, channel)
	topic(s, channel)
	headers(s, channel)
	exchangeToExchange(s, channel)
}

func direct(s *scenario, channel *amqp.Channel) {
	exchange := s.exchangeName("direct")
	declareExchange(channel, exchange, "direct")
	red := bound(s, channel, binding{exchange: exchange, key: "red", suffix: "direct-red"})
	blue := bound(s, channel, binding{exchange: exchange, key: "blue", suffix: "direct-blue"})
	for _, key := range []string{"red", "blue", "blue", "green"} {
		publish(channel, exchange, key, key)
	}
	equal("red", drain(channel, red), []string{"red"})
	equal("blue", drain(channel, blue), []string{"blue", "blue"})
}

func fanout(s *scenario, channel *amqp.Channel) {
	exchange := s.exchangeName("fanout")
	declareExchange(channel, exchange, "fanout")
	first := bound(s, channel, binding{exchange: exchange, key: "a", suffix: "fanout-1"})
	second := bound(s, channel, binding{exchange: exchange, suffix: "fanout-2"})
	publish(channel, exchange, "whatever", "all")
	equal("first", drain(channel, first), []string{"all"})
	equal("second", drain(channel, second), []string{"all"})
}

func topic(s *scenario, channel *amqp.Channel) {
	exchange := s.exchangeName("topic")
	declareExchange(channel, exchange, "topic")
	star := bound(s, channel, binding{exchange: exchange, key: "a.*.c", suffix: "topic-star"})
	hash := bound(s, channel, binding{exchange: exchange, key: "a.#", suffix: "topic-hash"})
	for _, key := range []string{"a.b.c", "a.c", "a", "a.b.c.d", "b.a.c"} {
		publish(channel, exchange, key, key)
	}
	equal("a.*.c", drain(channel, star), []string{"a.b.c"})
	equal("a.#", drain(channel, hash), []string{"a.b.c", "a.c", "a", "a.b.c.d"})
}

func headers(s *scenario, channel *amqp.Channel) {
	exchange := s.exchangeName("headers")
	declareExchange(channel, exchange, "headers")
	match := func(mode string) amqp.Table {
		return amqp.Table{"x-match": mode, "colour": "red", "size": int32(3)}
	}
	all := bound(s, channel, binding{exchange: exchange, suffix: "headers-all", headers: match("all")})
	some := bound(s, channel, binding{exchange: exchange, suffix: "headers-any", headers: match("any")})
	for _, message := range []amqp.Publishing{
		{Body: []byte("both"), Headers: amqp.Table{"colour": "red", "size": int32(3)}},
		{Body: []byte("colour"), Headers: amqp.Table{"colour": "red"}},
		{Body: []byte("size"), Headers: amqp.Table{"size": int32(3), "other": true}},
		{Body: []byte("neither"), Headers: amqp.Table{"colour": "blue"}},
	} {
		publishMessage(channel, exchange, "", message)
	}
	equal("all", drain(channel, all), []string{"both"})
	equal("any", drain(channel, some), []string{"both", "colour", "size"})
}

func exchangeToExchange(s *scenario, channel *amqp.Channel) {
	source := s.exchangeName("source")
	exchange := s.exchangeName("destination")
	declareExchange(channel, source, "topic")
	declareExchange(channel, exchange, "fanout")
	must(channel.ExchangeBind(exchange, "logs.*", source, false, nil))
	queue := bound(s, channel, binding{exchange: exchange, suffix: "bound-exchange"})
	publish(channel, source, "logs.info", "1")
	publish(channel, source, "other", "2")
	equal("through two exchanges", drain(channel, queue), []string{"1"})
}
