import type { DescFile } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { api as apiService, file_api } from "../../../proto/gen/api_pb.ts";
import { file_grpc_health_v1_health, Health } from "../../../proto/gen/grpc/health/v1/health_pb.ts";
import * as v1 from "../../../proto/gen/grpc/reflection/v1/reflection_pb.ts";
import * as v1alpha from "../../../proto/gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { file_outputs, service as outputsService } from "../../../proto/gen/outputs_pb.ts";
import { file_version, service as versionService } from "../../../proto/gen/version_pb.ts";
import { FalcoError, reasonOf } from "../../errors.ts";
import type { DropsBackend, InputsBackend } from "./backend.ts";
import type { ConfigStore } from "./config-store.ts";
import { configsHandlers } from "./configs-service.ts";
import { type CertificateFiles, MutualTls } from "./credentials.ts";
import { dropsHandler } from "./drops-service.ts";
import { Gate, type GateOptions } from "./gate.ts";
import { HealthService } from "./health-service.ts";
import type { OutputHub } from "./hub.ts";
import { inputsHandler } from "./inputs-service.ts";
import { guardSocket, listenAddress, prepareSocket, type SocketOwner } from "./listen-address.ts";
import { numberedOutputs, outputsHandlers } from "./outputs-service.ts";
import { Reflection, reflectionHandler } from "./reflection-service.ts";
import { rulesHandlers } from "./rules-service.ts";
import type { RulesStore } from "./rules-store.ts";
import { addService, type Registry } from "./services.ts";
import { type VersionInfo, versionResponse } from "./version-service.ts";

/** When a client is asked whether it is still there, and how long it may take to answer; milliseconds. */
export interface Keepalive {
  readonly after: number;
  readonly answer: number;
}

/** A peer that vanished without a word holds its streams for forty seconds at most. */
const KEEPALIVE: Keepalive = { after: 30_000, answer: 10_000 };

export interface GrpcServerOptions {
  /** As `grpc.bind_address`: `unix:///path`, or `host:port` with mutual TLS. */
  readonly bindAddress: string;
  /** Needed for TCP. */
  readonly certificates?: CertificateFiles;
  readonly socket?: SocketOwner;
  readonly limits?: GateOptions;
  /** The largest message taken from a client, in bytes. */
  readonly maxMessage?: number;
  readonly keepalive?: Keepalive;
  readonly version: VersionInfo;
  readonly hub: OutputHub;
  readonly rules: RulesStore;
  readonly configs: ConfigStore;
  readonly inputs: InputsBackend;
  readonly drops: DropsBackend;
  readonly log: (level: "info" | "warning" | "error", text: string) => void;
}

export interface GrpcServer {
  /** Where clients find it: `unix:///path` or `host:port` with the real port. */
  readonly address: string;
  /** Ends streams and connections, within two seconds whatever the clients do. */
  close(): Promise<void>;
}

/** Connections are pinged when idle so that dead ones free what they hold; streams and sizes have limits. */
const channelOptions = (maxMessage: number, { after, answer }: Keepalive): grpc.ServerOptions => ({
  "grpc.max_receive_message_length": maxMessage,
  "grpc.max_concurrent_streams": 128,
  "grpc.keepalive_time_ms": after,
  "grpc.keepalive_timeout_ms": answer,
  "grpc.max_connection_idle_ms": 600_000,
  "grpc.enable_channelz": 0,
});

/** What only an admin may call. */
const ADMIN = [
  "create_rules",
  "update_rules",
  "delete_rules",
  "enable_rules",
  "disable_rules",
  "set_config",
  "patch_configs",
  "reset_configs",
  "inputs",
] as const;

/** Starts the gRPC server. Throws GRPC_ADDRESS or GRPC_TLS when it can't be had as configured. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { log } = options;
  const address = listenAddress(options.bindAddress);
  const credentials = address.kind === "unix" ? undefined : mutualTls(options);
  const server = new grpc.Server(
    channelOptions(options.maxMessage ?? 4 << 20, options.keepalive ?? KEEPALIVE),
  );
  const gate = new Gate(options.limits);
  const onDefect = (method: string, error: unknown) =>
    log(
      "error",
      `gRPC: ${method} failed: ${error instanceof Error ? (error.stack ?? error.message) : error}`,
    );
  const health = addServices({ server, gate, onDefect, secure: credentials !== undefined }, options);
  try {
    const bound = await bind(server, address, credentials, options.socket ?? {});
    log("info", `Starting gRPC server at ${bound}`);
    return { address: bound, close: () => stop(server, options.hub, health, gate, credentials) };
  } catch (error) {
    credentials?.close();
    server.forceShutdown();
    throw error;
  }
}

function mutualTls({ certificates, bindAddress, log }: GrpcServerOptions): MutualTls {
  if (!certificates) {
    throw new FalcoError("GRPC_TLS", `Cannot serve gRPC on "${bindAddress}": TCP needs mutual TLS`, {
      hint: "set grpc.private_key, grpc.cert_chain and grpc.root_certs, or bind to a unix socket",
    });
  }
  return new MutualTls(certificates, (error) => {
    if (error) log("warning", `${error.format()}: the certificates in use stay`);
    else log("info", "gRPC certificates reloaded");
  });
}

function addServices(
  registry: Registry & { readonly secure: boolean },
  options: GrpcServerOptions,
): HealthService {
  const { hub, rules, configs, drops, inputs } = options;
  const health = new HealthService([outputsService, versionService, apiService].map((one) => one.typeName));
  const version = () => versionResponse(options.version);
  addService(registry, outputsService, outputsHandlers(hub));
  addService(registry, versionService, { version });
  addService(
    registry,
    apiService,
    {
      version,
      outputs: numberedOutputs(hub),
      drops: dropsHandler(drops),
      inputs: inputsHandler(inputs, (error) => registry.onDefect("inputs", error)),
      ...rulesHandlers(rules),
      ...configsHandlers(configs),
    },
    ADMIN,
  );
  addService(registry, Health, health.handlers());
  const files: DescFile[] = [file_outputs, file_version, file_api, file_grpc_health_v1_health];
  const reflection = new Reflection([
    ...files,
    v1.file_grpc_reflection_v1_reflection,
    v1alpha.file_grpc_reflection_v1alpha_reflection,
  ]);
  addService(registry, v1.ServerReflection, {
    serverReflectionInfo: reflectionHandler(reflection, v1.ServerReflectionResponseSchema),
  });
  addService(registry, v1alpha.ServerReflection, {
    serverReflectionInfo: reflectionHandler(reflection, v1alpha.ServerReflectionResponseSchema),
  });
  return health;
}

async function bind(
  server: grpc.Server,
  address: ReturnType<typeof listenAddress>,
  credentials: MutualTls | undefined,
  owner: SocketOwner,
): Promise<string> {
  const listen = (target: string) =>
    new Promise<number>((resolve, reject) => {
      server.bindAsync(target, credentials ?? grpc.ServerCredentials.createInsecure(), (cause, port) => {
        if (!cause) return resolve(port);
        reject(
          new FalcoError("GRPC_ADDRESS", `Cannot serve gRPC on "${target}": ${reasonOf(cause)}`, { cause }),
        );
      });
    });
  if (address.kind === "tcp") {
    const port = await listen(address.target);
    return address.target.replace(/:\d+$/, `:${port}`);
  }
  await prepareSocket(address.path);
  // Nobody else may connect between the bind and the change of mode.
  const umask = process.umask(0o177);
  try {
    await listen(`unix:${address.path}`);
  } finally {
    process.umask(umask);
  }
  guardSocket(address.path, owner);
  return `unix://${address.path}`;
}

/** Subscribers get what is published, streams end, connections follow; who doesn't play along is cut off. */
async function stop(
  server: grpc.Server,
  hub: OutputHub,
  health: HealthService,
  gate: Gate,
  credentials: MutualTls | undefined,
): Promise<void> {
  health.stop();
  credentials?.close();
  hub.close();
  gate.endStreams();
  const graceful = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  await Promise.race([graceful, Bun.sleep(2000)]);
  server.forceShutdown();
}
