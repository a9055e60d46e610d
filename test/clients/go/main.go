// The client scenarios with amqp091-go, against the broker at AMQP_URL: those named as arguments, or all.
package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

const scenarioMax = 60 * time.Second

type namedScenario struct {
	name string
	run  func(*scenario)
}

var scenarios = []namedScenario{
	{"declare", declare},
	{"declare-passive", declarePassive},
	{"server-named-queue", serverNamedQueue},
	{"exchange-types", exchangeTypes},
	{"publish-confirm", publishConfirm},
	{"mandatory-return", mandatoryReturn},
	{"headers-round-trip", headersRoundTrip},
	{"transactions", transactions},
	{"large-message", largeMessage},
	{"basic-get", basicGet},
	{"consume-ack", consumeAck},
	{"nack-requeue", nackRequeue},
	{"reject", reject},
	{"recover", recoverUnacked},
	{"qos-prefetch", qosPrefetch},
	{"unknown-delivery-tag", unknownDeliveryTag},
	{"consumer-cancel", consumerCancel},
	{"message-ttl", messageTTL},
	{"dead-letter", deadLetter},
	{"max-length", maxLength},
	{"priority", priority},
	{"rpc-reply-queue", rpcReplyQueue},
	{"rpc-direct-reply-to", rpcDirectReplyTo},
	{"many-channels", manyChannels},
	{"refused-login", refusedLogin},
	{"reconnect", reconnect},
	{"requeue-on-close", requeueOnClose},
	{"graceful-close", gracefulClose},
}

// runScenario returns the reason for which the scenario failed, or "".
func runScenario(each namedScenario, url string) string {
	outcome := make(chan string, 1)
	go func() {
		outcome <- guarded(func() {
			context := newScenario(url, each.name)
			reason := guarded(func() { each.run(context) })
			ending := guarded(context.end)
			if reason == "" {
				reason = ending
			}
			if reason != "" {
				panic(failure{reason})
			}
		})
	}()
	select {
	case reason := <-outcome:
		return reason
	case <-time.After(scenarioMax):
		return fmt.Sprintf("not done after %s", scenarioMax)
	}
}

func guarded(run func()) (reason string) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case failure:
			reason = cause.reason
		default:
			panic(cause)
		}
	}()
	run()
	return ""
}

func isWanted(name string) bool {
	for _, wanted := range os.Args[1:] {
		if wanted == name {
			return true
		}
	}
	return len(os.Args) == 1
}

func main() {
	url := os.Getenv("AMQP_URL")
	if url == "" {
		url = "amqp://guest:guest@127.0.0.1:5672/"
	}
	exitCode := 0
	for _, each := range scenarios {
		if !isWanted(each.name) {
			continue
		}
		reason := runScenario(each, url)
		if reason == "" {
			fmt.Printf("ok go %s\n", each.name)
			continue
		}
		fmt.Printf("not ok go %s - %s\n", each.name, strings.ReplaceAll(reason, "\n", " | "))
		exitCode = 1
	}
	os.Exit(exitCode)
}
