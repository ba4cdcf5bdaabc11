import type { DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import type {
  Server,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { serviceDefinition } from "../../../proto/service-definition.ts";
import { FalcoError } from "../../errors.ts";
import type { Gate, Peer } from "./gate.ts";
import { statusOf } from "./status.ts";

type Reply<M extends DescMethod> = MessageShape<M["output"]> | Buffer;

type Handler<M extends DescMethod> = M["methodKind"] extends "unary"
  ? (
      request: MessageShape<M["input"]>,
    ) => MessageInitShape<M["output"]> | Promise<MessageInitShape<M["output"]>>
  : M["methodKind"] extends "server_streaming"
    ? (
        call: ServerWritableStream<MessageShape<M["input"]>, Reply<M>>,
        request: MessageShape<M["input"]>,
      ) => void
    : (call: ServerDuplexStream<MessageShape<M["input"]>, Reply<M>>) => void;

/** One handler a method, named as the generated code names it. A stream's handler runs until `end`. */
export type Handlers<S extends DescService> = { [K in keyof S["method"]]: Handler<S["method"][K]> };

/** Told of defects: errors that are nobody's bad input. */
export type OnDefect = (method: string, error: unknown) => void;

export interface Registry {
  readonly server: Server;
  readonly gate: Gate;
  readonly onDefect: OnDefect;
}

type AnyCall =
  | ServerUnaryCall<unknown, unknown>
  | ServerWritableStream<unknown, unknown>
  | ServerDuplexStream<unknown, unknown>;

function peerOf(call: AnyCall, secure: boolean): Peer {
  const certificate = call.getAuthContext()?.sslPeerCertificate;
  return { address: call.getPeer(), secure, ...(certificate ? { certificate } : {}) };
}

/**
 * Adds a service to the server, each method behind the gate; `admin` names the methods that only an admin
 * may call. Errors become statuses: a FalcoError's text reaches the client, a defect's only `onDefect`.
 */
export function addService<S extends DescService>(
  registry: Registry & { readonly secure: boolean },
  service: S,
  handlers: Handlers<S>,
  admin: readonly (keyof S["method"])[] = [],
): void {
  const { server, gate, onDefect, secure } = registry;
  const guarded: UntypedServiceImplementation = {};
  for (const method of service.methods) {
    const name = `${service.typeName}/${method.name}`;
    const privileged = admin.includes(method.localName);
    const handler = handlers[method.localName as keyof S["method"]] as Handler<DescMethod>;
    const refusal = (error: unknown) => {
      if (!(error instanceof FalcoError)) onDefect(name, error);
      return statusOf(error);
    };
    if (method.methodKind === "unary") {
      const run = handler as unknown as (request: unknown) => MessageInitShape<typeof method.output>;
      guarded[method.localName] = async (
        call: ServerUnaryCall<unknown, unknown>,
        reply: sendUnaryData<unknown>,
      ) => {
        try {
          gate.admit(peerOf(call, secure), name, privileged);
          reply(null, create(method.output, await run(call.request)));
        } catch (error) {
          reply(refusal(error));
        }
      };
      continue;
    }
    const run = handler as unknown as (call: unknown, request: unknown) => void;
    guarded[method.localName] = (
      call: ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>,
    ) => {
      // Without a listener a reset connection would be an uncaught error; the end is seen as `close`.
      call.on("error", () => {});
      try {
        gate.admit(peerOf(call, secure), name, privileged);
        const leave = gate.openStream(() => void call.end());
        call.once("close", leave);
        call.once("cancelled", leave);
        call.once("finish", leave);
        run(call, "request" in call ? call.request : undefined);
      } catch (error) {
        failStream(call, refusal(error));
      }
    };
  }
  server.addService(serviceDefinition(service), guarded);
}

/** Ends a stream with a status other than OK; grpc-js takes it as the `error` event's argument. */
export function failStream(
  call: ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>,
  status: ReturnType<typeof statusOf>,
): void {
  call.emit("error", status);
}
