import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { isoText } from "../time-text.ts";
import { addressOf } from "./address.ts";
import type { Alert, FieldValue } from "./alert.ts";
import { ForwardConnection } from "./forward-connection.ts";
import { EventTime, type Packable, pack } from "./msgpack.ts";
import type { Delivery, Message, Output } from "./output.ts";

export interface FluentdOptions {
  /** HOST:PORT, [IPv6]:PORT or unix:///PATH. */
  readonly address: string;
  readonly tag: string;
  readonly acknowledge: boolean;
  readonly shared_key: string;
  readonly user: string;
  readonly password: string;
  readonly tls: boolean;
  readonly ca_cert: string;
  readonly client_cert: string;
  readonly client_key: string;
}

const RETRY_MS = 500;

/**
 * Alerts to Fluentd or Fluent Bit in the forward protocol's Forward mode
 * (github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1): `[tag, [[time, record]…], {size, chunk}]`.
 */
export function fluentdOutput(options: FluentdOptions): Output {
  let connection: ForwardConnection | undefined;
  let closed = false;

  const send = async (tag: string, messages: readonly Message[]): Promise<void> => {
    connection ??= await ForwardConnection.open(options, hostname());
    const chunk = randomBytes(16).toString("base64");
    const entries = messages.map(({ alert }): Packable => [new EventTime(alert.time), recordOf(alert)]);
    const option = { size: messages.length, ...(options.acknowledge ? { chunk } : {}) };
    await connection.send(pack([tag, entries, option]), options.acknowledge ? chunk : undefined);
  };

  return {
    name: "fluentd",
    batch: 256,
    async write(messages): Promise<Delivery> {
      let delivered = 0;
      try {
        for (const group of byTag(options.tag, messages)) {
          await send(group.tag, group.messages);
          delivered += group.messages.length;
        }
        return { delivered };
      } catch (error) {
        connection?.close();
        connection = undefined;
        if (!closed) await Bun.sleep(RETRY_MS);
        return { delivered, error };
      }
    },
    async close() {
      closed = true;
      connection?.close();
    },
  };
}

/** Neighbours with the same tag travel together. */
function byTag(template: string, messages: readonly Message[]): { tag: string; messages: Message[] }[] {
  const groups: { tag: string; messages: Message[] }[] = [];
  for (const message of messages) {
    const tag = addressOf(template, message.alert);
    const last = groups.at(-1);
    if (last?.tag === tag) last.messages.push(message);
    else groups.push({ tag, messages: [message] });
  }
  return groups;
}

/** The alert as a record: what its JSON line holds, typed. */
function recordOf(alert: Alert): Packable {
  const fields = Object.entries(alert.fields).map(([name, value]) => [
    name,
    value satisfies FieldValue as Packable,
  ]);
  return {
    hostname: alert.hostname,
    output: alert.message,
    output_fields: Object.fromEntries(fields),
    priority: alert.priority,
    rule: alert.rule,
    source: alert.source,
    tags: alert.tags,
    time: isoText(alert.time, "Z"),
  };
}
