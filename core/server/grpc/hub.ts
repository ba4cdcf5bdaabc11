import { randomUUID } from "node:crypto";
import type { Alert } from "../../outputs/alert.ts";
import { alertMessage } from "./alert-message.ts";

export interface HubOptions {
  /** `broadcast`: each subscriber gets every alert. `round_robin`: each alert goes to one of them. */
  readonly mode?: "broadcast" | "round_robin";
  /** Most alerts kept for subscribers that lag and for none being there. */
  readonly queue?: number;
  /** Most bytes kept, whatever the number. */
  readonly queueBytes?: number;
  /** Alerts kept after everyone has them, for subscribers that come back. */
  readonly history?: number;
  /** Told of every alert that was let go before a subscriber, or anyone, had it. */
  readonly onDrop?: (cause: "subscriber_slow" | "no_subscriber", count: number) => void;
}

/** The far end of a subscription. */
export interface Receiver {
  /** Takes an alert; `missed` alerts before it are lost to this receiver. False: no more before `resume()`. */
  alert(message: Buffer, sequence: number, missed: number): boolean;
  /** A bounded subscription has had everything. */
  done?(): void;
}

/** Where to start: behind `after` of an earlier stream, or with what is queued when the process is another. */
export interface Position {
  readonly instance: string;
  readonly after: number;
}

export interface Subscription {
  /** The sequence number that the subscription starts after. */
  readonly start: number;
  /** The receiver can take more. */
  resume(): void;
  /** Delivers what has been published so far, then calls `done`. */
  finish(): void;
  close(): void;
}

interface Member {
  readonly receiver: Receiver;
  /** The next sequence number to deliver; in round-robin only the end matters. */
  next: number;
  end: number;
  missed: number;
  ready: boolean;
}

/**
 * Hands every alert to the subscribers without ever waiting for one. All of them read from one ring of
 * serialised alerts, each at its own position: a subscriber costs no memory, and one that falls behind
 * the ring loses the oldest alerts and is told how many.
 */
export class OutputHub {
  /** Names this process' numbering. */
  readonly instance: string = randomUUID();
  readonly #broadcast: boolean;
  readonly #queue: number;
  readonly #queueBytes: number;
  readonly #history: number;
  readonly #onDrop: NonNullable<HubOptions["onDrop"]>;
  readonly #ring: (Buffer | undefined)[];
  readonly #members = new Set<Member>();
  #bytes = 0;
  /** Sequence numbers: the oldest kept, the first that nobody was given, the next to be published. */
  #tail = 1;
  #unclaimed = 1;
  #head = 1;
  #delivered = 0;
  #missed = 0;

  constructor(options: HubOptions = {}) {
    this.#broadcast = options.mode !== "round_robin";
    this.#queue = options.queue ?? 131_072;
    this.#queueBytes = options.queueBytes ?? 64 << 20;
    this.#history = Math.min(options.history ?? 4096, this.#queue);
    this.#onDrop = options.onDrop ?? (() => {});
    this.#ring = new Array<Buffer | undefined>(this.#queue);
  }

  /**
   * Serialises the alert once and delivers it to who is ready; `text` is the line that text outputs print.
   * Never blocks, never fails on a subscriber.
   */
  publish(alert: Alert, text?: string): void {
    const message = alertMessage(alert, text);
    while (
      this.#head - this.#tail >= this.#queue ||
      (this.#bytes + message.length > this.#queueBytes && this.#tail < this.#head)
    ) {
      this.#evict();
    }
    this.#ring[this.#head % this.#queue] = message;
    this.#bytes += message.length;
    this.#head++;
    this.#distribute();
    if (this.#head % 512 === 0) this.#forget();
  }

  /** Starts behind `from` if that is this process' numbering, else with the first alert nobody was given. */
  subscribe(receiver: Receiver, from?: Position): Subscription {
    // In a rotation nobody has a position of its own to go back to.
    const resumes = this.#broadcast && from?.instance === this.instance && from.after < this.#head;
    const wanted = resumes ? from.after + 1 : this.#unclaimed;
    const next = Math.max(wanted, this.#tail);
    const member: Member = {
      receiver,
      next,
      end: Number.POSITIVE_INFINITY,
      missed: resumes ? next - wanted : 0,
      ready: false,
    };
    this.#members.add(member);
    return {
      start: next - 1,
      resume: () => {
        member.ready = true;
        if (this.#members.has(member)) this.#distribute();
      },
      finish: () => {
        member.end = Math.min(member.end, this.#head);
        if (this.#members.has(member)) this.#distribute();
      },
      close: () => void this.#members.delete(member),
    };
  }

  /** Delivers to everybody what has been published so far and lets them go. */
  close(): void {
    for (const member of [...this.#members]) {
      member.end = Math.min(member.end, this.#head);
      this.#pump(member);
    }
  }

  /** Counts since start; `queued` is what nobody was given yet. */
  stats() {
    return {
      published: this.#head - 1,
      queued: this.#head - this.#unclaimed,
      bytes: this.#bytes,
      subscribers: this.#members.size,
      delivered: this.#delivered,
      missed: this.#missed,
    };
  }

  #distribute(): void {
    if (this.#broadcast) {
      for (const member of this.#members) this.#pump(member);
      return;
    }
    let idle = 0;
    while (idle < this.#members.size) {
      // Insertion order is the rotation: who was served goes to the end.
      const member = this.#members.values().next().value!;
      this.#members.delete(member);
      this.#members.add(member);
      member.next = this.#unclaimed;
      idle = this.#deliver(member) ? 0 : idle + 1;
    }
  }

  #pump(member: Member): void {
    while (this.#deliver(member));
  }

  /** One alert to one member; false when it isn't ready or has everything. */
  #deliver(member: Member): boolean {
    const sequence = member.next;
    if (sequence >= member.end) {
      this.#members.delete(member);
      member.receiver.done?.();
      return false;
    }
    if (!member.ready || sequence >= this.#head) return false;
    const { missed } = member;
    member.next = sequence + 1;
    member.missed = 0;
    if (member.next > this.#unclaimed) this.#unclaimed = member.next;
    this.#delivered++;
    // Set before the call: a receiver may come back with resume() while it is writing.
    member.ready = false;
    if (member.receiver.alert(this.#ring[sequence % this.#queue]!, sequence, missed)) member.ready = true;
    return true;
  }

  /** Lets the oldest alert go, at the expense of who hasn't had it. */
  #evict(): void {
    const sequence = this.#tail++;
    const slot = sequence % this.#queue;
    this.#bytes -= this.#ring[slot]!.length;
    this.#ring[slot] = undefined;
    if (this.#broadcast) {
      for (const member of this.#members) {
        if (member.next !== sequence) continue;
        member.next++;
        member.missed++;
        this.#missed++;
        this.#onDrop("subscriber_slow", 1);
      }
    }
    if (this.#unclaimed > sequence) return;
    this.#unclaimed = sequence + 1;
    if (this.#broadcast && this.#members.size > 0) return;
    this.#missed++;
    this.#onDrop(this.#members.size > 0 ? "subscriber_slow" : "no_subscriber", 1);
    // Nobody in particular lost it: the one served next is told.
    const [first] = this.#members;
    if (first) first.missed++;
  }

  /** Frees what everybody has had, except the history. */
  #forget(): void {
    let keep = Math.min(this.#unclaimed, this.#head - this.#history);
    if (this.#broadcast) for (const member of this.#members) keep = Math.min(keep, member.next);
    while (this.#tail < keep) this.#evict();
  }
}
