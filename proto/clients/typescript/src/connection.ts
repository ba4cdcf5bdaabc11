import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import type { DescService } from "@bufbuild/protobuf";
import {
  Channel,
  type ChannelCredentials,
  type ChannelOptions,
  credentials,
  makeClientConstructor,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { serviceDefinition } from "../../../service-definition.ts";

/** Where the server's conventional files are. */
const CERTS = "/etc/falco/certs";

/** PEM files that show who the client is, and whom it trusts. */
export interface ClientCertificates {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export interface ConnectionOptions {
  /** `unix:///path` or `host:port`; `unix:///run/falco/falco.sock` when absent. */
  readonly address?: string;
  /** For `host:port`; `client.crt`, `client.key` and `ca.crt` in /etc/falco/certs when absent. */
  readonly certificates?: Partial<ClientCertificates>;
}

export const DEFAULT_ADDRESS = "unix:///run/falco/falco.sock";

/** What the server refused or the transport could not do, with gRPC's name of the status. */
export class FalcoClientError extends Error {
  /** For example `PERMISSION_DENIED`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "FalcoClientError";
    this.code = code;
  }

  static from(error: ServiceError): FalcoClientError {
    return new FalcoClientError(status[error.code] ?? "UNKNOWN", error.details || error.message, {
      cause: error,
    });
  }
}

function tlsCredentials(given: Partial<ClientCertificates>, host: string): ChannelCredentials {
  const refused = (why: string) =>
    new FalcoClientError("UNAUTHENTICATED", `Cannot connect with mutual TLS: ${why}`);
  const read = (file: string) => {
    if (existsSync(file)) return readFileSync(file);
    throw refused(`no file "${file}"`);
  };
  const { ca = `${CERTS}/ca.crt`, key = `${CERTS}/client.key`, cert = `${CERTS}/client.crt` } = given;
  const files = [ca, key, cert].map(read);
  try {
    return credentials.createSsl(files[0], files[1], files[2], {
      checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
    });
  } catch (error) {
    // What the TLS library says of a file that is not PEM, or a key that is another certificate's.
    const reason = error instanceof Error ? error.message : String(error);
    throw refused(`"${ca}", "${cert}" and "${key}" are no authority, certificate and its key (${reason})`);
  }
}

const CHANNEL: ChannelOptions = {
  "grpc.use_local_subchannel_pool": 1,
  "grpc.keepalive_time_ms": 20_000,
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc.max_receive_message_length": 64 << 20,
  "grpc.initial_reconnect_backoff_ms": 200,
  "grpc.max_reconnect_backoff_ms": 5_000,
};

type Stub = InstanceType<ReturnType<typeof makeClientConstructor>>;

/**
 * A maker of grpc-js stubs on one connection of their own, so that a stream which isn't read holds up nobody
 * else's. A unix address has no TLS, every other has mutual TLS.
 */
export function connector(options: ConnectionOptions): (service: DescService) => Stub {
  const address = options.address ?? DEFAULT_ADDRESS;
  const unix = /^unix:(?:\/\/)?(.+)$/.exec(address);
  const host = address.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  const creds = unix ? credentials.createInsecure() : tlsCredentials(options.certificates ?? {}, host);
  const target = unix ? `unix:${unix[1]}` : address;
  // TLS has no place for an address where it sends the server's name; the certificate is still checked for it.
  const named = isIP(host) ? { "grpc.ssl_target_name_override": "falco" } : {};
  const channelOverride = new Channel(target, creds, { ...CHANNEL, ...named });
  return (service) => {
    const Stub = makeClientConstructor(serviceDefinition(service), service.typeName);
    return new Stub(target, creds, { channelOverride });
  };
}
