import { FalcoError } from "../../core/errors.ts";
import type { FalcoClient } from "../../proto/clients/typescript/src/falco-client.ts";
import type { Flags } from "../command.ts";

/** The flags that say which falco, and with which certificates. */
export const CONNECTION = {
  address: {
    type: "string",
    value: "ADDRESS",
    help: "unix:///path, or host:port with mutual TLS",
    default: "unix:///run/falco/falco.sock",
  },
  ca: {
    type: "string",
    value: "FILE",
    help: "Authority of the server's certificate",
    default: "/etc/falco/certs/ca.crt",
  },
  cert: { type: "string", value: "FILE", help: "Client certificate", default: "/etc/falco/certs/client.crt" },
  key: {
    type: "string",
    value: "FILE",
    help: "Key of the client certificate",
    default: "/etc/falco/certs/client.key",
  },
  json: { type: "boolean", help: "Print JSON" },
} as const satisfies Flags;

interface Connection {
  readonly address: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * Runs `work` with a client that is closed afterwards; the signal aborts at SIGINT and SIGTERM. What the
 * server refuses becomes an error for people.
 */
export async function withClient<T>(
  connection: Connection,
  work: (client: FalcoClient, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { FalcoClient, FalcoClientError } = await import(
    "../../proto/clients/typescript/src/falco-client.ts"
  );
  const { address, ca, cert, key } = connection;
  const stop = new AbortController();
  const abort = () => stop.abort();
  process.once("SIGINT", abort).once("SIGTERM", abort);
  let client: FalcoClient | undefined;
  try {
    client = new FalcoClient({ address, certificates: { ca, cert, key } });
    return await work(client, stop.signal);
  } catch (error) {
    if (!(error instanceof FalcoClientError)) throw error;
    const unreachable = error.code === "UNAVAILABLE" && error.message.startsWith("No connection");
    const asked = "is falco running with grpc.enabled, and is the address right (--address)?";
    const over = address.startsWith("unix:")
      ? ""
      : " And did its grpc.root_certs sign this certificate (--cert)?";
    const hint = asked + over;
    throw new FalcoError(
      `GRPC_${error.code}`,
      unreachable ? `Cannot reach falco at ${address}: ${error.message}` : error.message,
      { cause: error, ...(unreachable ? { hint } : {}) },
    );
  } finally {
    process.off("SIGINT", abort).off("SIGTERM", abort);
    client?.close();
  }
}
