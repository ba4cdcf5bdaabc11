import type { JetStreamClient } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { addressOf } from "./address.ts";
import { namedTls, readPem } from "./certificates.ts";
import type { Delivery, Message, Output } from "./output.ts";
import { timed } from "./timed.ts";

export interface NatsOptions {
  readonly servers: readonly string[];
  readonly subject: string;
  readonly jetstream: boolean;
  readonly user: string;
  readonly password: string;
  readonly token: string;
  readonly credentials_file: string;
  readonly tls: boolean;
  readonly ca_cert: string;
  readonly client_cert: string;
  readonly client_key: string;
}

const ANSWER_MS = 5000;
/** Pause after a failed connection, so that a dead server is not knocked at all the time. */
const RETRY_MS = 500;

/**
 * Alerts to NATS: published and flushed (core), or published and confirmed by the stream (JetStream).
 * The connection is made anew here and not by the client, which would keep unsent alerts in a buffer without bound.
 */
export function natsOutput(options: NatsOptions): Output {
  let connection: NatsConnection | undefined;
  let stream: JetStreamClient | undefined;
  let closed = false;
  /** Fails as soon as the output is closed: connecting cannot be called off. */
  const end = Promise.withResolvers<never>();
  end.promise.catch(() => undefined);

  const connected = async (): Promise<NatsConnection> => {
    if (connection && !connection.isClosed()) return connection;
    stream = undefined;
    const attempt = connectTo(options);
    attempt.then((late) => (closed ? late.close() : undefined)).catch(() => undefined);
    connection = await attempt;
    if (options.jetstream) {
      const { jetstream } = await import("@nats-io/jetstream");
      stream = jetstream(connection, { timeout: ANSWER_MS });
    }
    return connection;
  };
  const lose = async (): Promise<void> => {
    const old = connection;
    connection = undefined;
    await old?.close().catch(() => undefined);
  };

  const publish = async (nats: NatsConnection, messages: readonly Message[]): Promise<Delivery> => {
    const subjects = messages.map(({ alert }) => addressOf(options.subject, alert));
    if (stream) {
      const client = stream;
      const results = await Promise.allSettled(
        messages.map(({ text }, i) => client.publish(subjects[i]!, text)),
      );
      const failed = results.find((result) => result.status === "rejected");
      const delivered = results.filter((result) => result.status === "fulfilled").length;
      return failed ? { delivered, error: failed.reason } : { delivered };
    }
    for (const [i, { text }] of messages.entries()) nats.publish(subjects[i]!, text);
    const gone = nats
      .closed()
      .then((error) => Promise.reject(error ?? new Error("the connection was closed")));
    gone.catch(() => undefined);
    await timed(Promise.race([nats.flush(), gone]), ANSWER_MS, "no answer in time");
    return { delivered: messages.length };
  };

  return {
    name: "nats",
    batch: 256,
    async write(messages) {
      try {
        const work = connected().then((nats) => publish(nats, messages));
        return await Promise.race([work, end.promise]);
      } catch (error) {
        await lose();
        if (!closed) await Bun.sleep(RETRY_MS);
        throw error;
      }
    },
    async close() {
      closed = true;
      end.reject(new Error("closed"));
      await lose();
    },
  };
}

async function connectTo(options: NatsOptions): Promise<NatsConnection> {
  const { connect, credsAuthenticator } = await import("@nats-io/transport-node");
  const { user, password, token, credentials_file: credentials } = options;
  return connect({
    servers: [...options.servers],
    name: "falco",
    reconnect: false,
    timeout: ANSWER_MS,
    ...(user ? { user, pass: password } : {}),
    ...(token ? { token } : {}),
    ...(credentials ? { authenticator: credsAuthenticator(Buffer.from(readPem(credentials))) } : {}),
    ...(options.tls ? { tls: namedTls(options) as Record<string, string> } : {}),
  });
}
