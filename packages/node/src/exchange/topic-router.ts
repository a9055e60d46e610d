import { BindingSet } from "./binding-set.ts";
import type { Binding, Router, RoutingMessage } from "./router.ts";

/** One word of the binding keys that share the words before it. */
class TopicNode<D> {
  readonly parent: TopicNode<D> | undefined;
  /** The word, `*` or `#` under which the parent holds this node. */
  readonly word: string;
  words: Map<string, TopicNode<D>> | undefined;
  /** Child for `*`: exactly one word. */
  star: TopicNode<D> | undefined;
  /** Child for `#`: zero or more words. */
  hash: TopicNode<D> | undefined;
  bindings: BindingSet<D> | undefined;
  /** Number of the last step that reached this node; a step visits each node once. */
  step = 0;

  constructor(parent: TopicNode<D> | undefined, word: string) {
    this.parent = parent;
    this.word = word;
  }

  get isLeaf(): boolean {
    return this.words === undefined && this.star === undefined && this.hash === undefined;
  }

  find(word: string): TopicNode<D> | undefined {
    if (word === "*") return this.star;
    if (word === "#") return this.hash;
    return this.words?.get(word);
  }

  add(word: string): TopicNode<D> {
    const child = new TopicNode<D>(this, word);
    if (word === "*") this.star = child;
    else if (word === "#") this.hash = child;
    else {
      this.words ??= new Map();
      this.words.set(word, child);
    }
    return child;
  }

  delete(word: string): void {
    if (word === "*") this.star = undefined;
    else if (word === "#") this.hash = undefined;
    else if (this.words?.delete(word) && this.words.size === 0) this.words = undefined;
  }
}

/**
 * Topic exchange (spec 3.1.3.3): keys are words separated by dots; in a binding key `*` stands for one
 * word and `#` for any number of words. An empty word is a word, but the empty key has no words at all
 * (RabbitMQ: rabbit_exchange_type_topic).
 *
 * The binding keys form a trie. A message's words are taken one by one with the set of trie nodes that
 * the words so far can have led to. No node is in the set twice, so a message costs at most its words
 * times the nodes of the trie, however many `#` the keys have.
 */
export class TopicRouter<D> implements Router<D> {
  readonly cacheable: boolean = true;
  readonly #root = new TopicNode<D>(undefined, "");
  #step = 0;
  /** Reused between calls; empty between them. */
  #active: TopicNode<D>[] = [];
  #next: TopicNode<D>[] = [];

  bind(binding: Binding<D>): void {
    let node = this.#root;
    for (const word of wordsOf(binding.routingKey)) node = node.find(word) ?? node.add(word);
    node.bindings ??= new BindingSet();
    node.bindings.add(binding);
  }

  unbind(binding: Binding<D>): void {
    let node: TopicNode<D> | undefined = this.#root;
    for (const word of wordsOf(binding.routingKey)) node = node?.find(word);
    if (node?.bindings === undefined) return;
    node.bindings.remove(binding);
    if (!node.bindings.isEmpty) return;
    node.bindings = undefined;
    prune(node);
  }

  route(message: RoutingMessage, into: Set<D>): void {
    this.#step++;
    this.#enter(this.#root, into);
    this.#swap();
    for (const word of wordsOf(message.routingKey)) {
      if (this.#active.length === 0) return;
      this.#step++;
      for (const node of this.#active) this.#advance(node, word, into);
      this.#swap();
    }
    for (const node of this.#active) node.bindings?.collect(into);
    this.#active.length = 0;
  }

  /** Takes one word at a node that the words before it led to. */
  #advance(node: TopicNode<D>, word: string, into: Set<D>): void {
    // A `#` may take this word as well and stay where it is.
    if (node.word === "#" && node.parent !== undefined) this.#enter(node, into);
    if (node.star !== undefined) this.#enter(node.star, into);
    const child = node.words?.get(word);
    if (child !== undefined) this.#enter(child, into);
  }

  /** Puts a node into the next set, and the `#` below it, which may take no word at all. */
  #enter(start: TopicNode<D>, into: Set<D>): void {
    let node: TopicNode<D> | undefined = start;
    while (node !== undefined && node.step !== this.#step) {
      node.step = this.#step;
      // A final `#` matches whatever follows: its destinations are certain now.
      if (node.word === "#" && node.isLeaf) node.bindings?.collect(into);
      else this.#next.push(node);
      node = node.hash;
    }
  }

  #swap(): void {
    const used = this.#active;
    this.#active = this.#next;
    this.#next = used;
    used.length = 0;
  }
}

function wordsOf(key: string): readonly string[] {
  return key === "" ? [] : key.split(".");
}

/** Removes a node and its ancestors as far as nothing is bound at or below them. */
function prune<D>(from: TopicNode<D>): void {
  let node = from;
  while (node.bindings === undefined && node.isLeaf && node.parent !== undefined) {
    node.parent.delete(node.word);
    node = node.parent;
  }
}
