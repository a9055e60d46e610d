import { href } from "../../app/router.ts";
import { isAllowed } from "../../app/session.ts";
import { t } from "../../i18n/translate.ts";
import {
  bind,
  declareExchange,
  declareQueue,
  PREFIX,
  publish,
  setPolicy,
  takeOne,
} from "./learn-actions.ts";

/** Something to do, to look at, or to type. */
export interface Step {
  readonly text: string;
  readonly run?: () => Promise<unknown>;
  readonly done?: string;
  readonly link?: { readonly text: string; readonly address: string };
  readonly command?: string;
}

export interface Chapter {
  readonly key: string;
  readonly title: string;
  readonly about: string;
  readonly steps: readonly Step[];
}

/** The chapters, with their steps in `vhost`; that on mirroring for those who may set policies. */
export function chapters(vhost: string): readonly Chapter[] {
  return [
    hello(vhost),
    workQueue(vhost),
    fanout(vhost),
    topics(vhost),
    deadLetters(vhost),
    ...(isAllowed("policymaker") ? [mirroring(vhost)] : []),
  ];
}

function queueLink(vhost: string, name: string, tab: string): Step["link"] {
  return { text: t("Look at {name}", { name }), address: href(["queues", vhost, name], { tab }) };
}

function hello(vhost: string): Chapter {
  const queue = `${PREFIX}hello`;
  return {
    key: "hello",
    title: t("Hello"),
    about: t(
      "A queue keeps messages until somebody takes them. Publisher and consumer do not know each other, and need not run at the same time.",
    ),
    steps: [
      {
        text: t(
          "Declare the queue {name}. To declare it again changes nothing; so each client declares what it needs.",
          { name: queue },
        ),
        run: () => declareQueue(vhost, queue),
        done: t("The queue is there."),
      },
      {
        text: t(
          "Publish a message to it, by the default exchange, whose routing key is the name of a queue.",
        ),
        run: () => publish(vhost, "", queue, ["Hello, world!"]),
        done: t("Published."),
      },
      {
        text: t("The message waits. Looking at it does not take it away."),
        link: queueLink(vhost, queue, "messages"),
      },
      {
        text: t("Take it as a consumer would, and acknowledge it: now it is gone."),
        run: () => takeOne(vhost, queue),
        done: t("Taken and acknowledged."),
        link: queueLink(vhost, queue, "overview"),
      },
    ],
  };
}

function workQueue(vhost: string): Chapter {
  const queue = `${PREFIX}tasks`;
  const tasks = Array.from({ length: 10 }, (_, at) => `{"task":${at + 1}}`);
  return {
    key: "work",
    title: t("Work queue"),
    about: t(
      "Several consumers of one queue share its messages. What a consumer has not acknowledged when it is lost goes to another one.",
    ),
    steps: [
      {
        text: t("Declare the queue {name}.", { name: queue }),
        run: () => declareQueue(vhost, queue),
        done: t("The queue is there."),
      },
      {
        text: t("Publish ten tasks."),
        run: () => publish(vhost, "", queue, tasks),
        done: t("Published."),
      },
      {
        text: t(
          "Start a consumer of your own, or two; each gets a share. A prefetch of 1 gives a slow one no more than it can do.",
        ),
        link: queueLink(vhost, queue, "consumers"),
      },
      {
        text: t("A queue whose messages wait without a consumer is named on the overview."),
        link: { text: t("Overview"), address: href([]) },
      },
    ],
  };
}

function fanout(vhost: string): Chapter {
  const exchange = `${PREFIX}news`;
  const [mail, web] = [`${PREFIX}news.mail`, `${PREFIX}news.web`];
  return {
    key: "fanout",
    title: t("Publish and subscribe"),
    about: t(
      "An exchange of the type fanout gives each queue that is bound to it a copy of every message.",
    ),
    steps: [
      {
        text: t("Declare the exchange {name} and two queues.", { name: exchange }),
        run: () =>
          Promise.all([
            declareExchange(vhost, exchange, "fanout"),
            declareQueue(vhost, mail),
            declareQueue(vhost, web),
          ]),
        done: t("They are there."),
      },
      {
        text: t("Bind both queues to it."),
        run: () => Promise.all([bind(vhost, exchange, mail, ""), bind(vhost, exchange, web, "")]),
        done: t("Bound."),
      },
      {
        text: t("Publish one message: both queues have it."),
        run: () => publish(vhost, exchange, "", ['{"headline":"Hare wins"}']),
        done: t("Published."),
      },
      {
        text: t("See the way it takes."),
        link: { text: t("Topology"), address: href(["topology"], { vhost }) },
      },
    ],
  };
}

function topics(vhost: string): Chapter {
  const exchange = `${PREFIX}orders`;
  const [paid, all] = [`${PREFIX}orders.paid`, `${PREFIX}orders.all`];
  return {
    key: "topics",
    title: t("Topics"),
    about: t(
      "A topic exchange compares the routing key with patterns of words: * stands for one word, # for any number of them.",
    ),
    steps: [
      {
        text: t("Declare the exchange {name} and two queues.", { name: exchange }),
        run: () =>
          Promise.all([
            declareExchange(vhost, exchange, "topic"),
            declareQueue(vhost, paid),
            declareQueue(vhost, all),
          ]),
        done: t("They are there."),
      },
      {
        text: t("Bind one queue with *.paid, the other with #."),
        run: () =>
          Promise.all([bind(vhost, exchange, paid, "*.paid"), bind(vhost, exchange, all, "#")]),
        done: t("Bound."),
      },
      {
        text: t(
          "Publish with the key de.paid, which fits both, and with de.refused, which fits one.",
        ),
        run: () =>
          publish(vhost, exchange, "de.paid", ["1"]).then(() =>
            publish(vhost, exchange, "de.refused", ["2"]),
          ),
        done: t("Published."),
      },
      {
        text: t("Ask the broker where other keys would go, without publishing anything."),
        link: { text: t("Topology"), address: href(["topology"], { vhost }) },
      },
    ],
  };
}

function deadLetters(vhost: string): Chapter {
  const [queue, dead] = [`${PREFIX}unpaid`, `${PREFIX}dead`];
  return {
    key: "dead",
    title: t("Dead letters"),
    about: t(
      "Messages that expire or are rejected can go on to another queue, where somebody sees them; their headers say where they died, and why.",
    ),
    steps: [
      {
        text: t(
          "Declare {dead}, and {queue}, whose messages expire after five seconds and go to the first.",
          { dead, queue },
        ),
        run: () =>
          Promise.all([
            declareQueue(vhost, dead),
            declareQueue(vhost, queue, {
              "x-message-ttl": 5000,
              "x-dead-letter-exchange": "",
              "x-dead-letter-routing-key": dead,
            }),
          ]),
        done: t("They are there."),
      },
      {
        text: t("Publish an order that nobody pays."),
        run: () => publish(vhost, "", queue, ['{"order":17}']),
        done: t("Published."),
      },
      {
        text: t("Five seconds later it is a dead letter, with its history in the header x-death."),
        link: queueLink(vhost, dead, "messages"),
      },
    ],
  };
}

function mirroring(vhost: string): Chapter {
  const queue = `${PREFIX}mirrored`;
  return {
    key: "mirroring",
    title: t("Mirroring"),
    about: t(
      "A policy keeps queues on several nodes. When the node that leads one is lost, another takes over, with all that was confirmed.",
    ),
    steps: [
      {
        text: t("Set a policy that mirrors all queues of this introduction on all nodes."),
        run: () =>
          setPolicy(vhost, `${PREFIX}mirrors`, { "ha-mode": "all", "ha-sync-mode": "automatic" }),
        done: t("The policy is set."),
        link: { text: t("Policies"), address: href(["policies"]) },
      },
      {
        text: t("Declare {name} and publish to it.", { name: queue }),
        run: () =>
          declareQueue(vhost, queue).then(() => publish(vhost, "", queue, ["1", "2", "3"])),
        done: t("Published."),
      },
      {
        text: t("See on which nodes it is, and which one leads."),
        link: queueLink(vhost, queue, "replicas"),
      },
      {
        text: t("In a cluster: stop the node that leads, and look again. Then start it."),
        command: "leveretctl -n NODE stop_app",
      },
      {
        text: t("The cluster page says beforehand which queues would be lost with a node."),
        link: { text: t("Cluster"), address: href(["cluster"]) },
      },
    ],
  };
}
