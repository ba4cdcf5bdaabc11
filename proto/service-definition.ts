import {
  type DescMessage,
  type DescService,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";

/** A message, or its serialised form where one buffer goes to many receivers. */
type Outgoing = MessageShape<DescMessage> | Buffer;

const serialise = (schema: DescMessage) => (message: Outgoing) => {
  if (Buffer.isBuffer(message)) return message;
  const bytes = toBinary(schema, message);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};
const parse = (schema: DescMessage) => (bytes: Buffer) => fromBinary(schema, bytes);

/** What grpc-js needs to serve or call a service, from the descriptor in the generated code. */
export function serviceDefinition(service: DescService): ServiceDefinition<UntypedServiceImplementation> {
  return Object.fromEntries(
    service.methods.map((method) => [
      method.localName,
      {
        path: `/${service.typeName}/${method.name}`,
        requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
        responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
        requestSerialize: serialise(method.input),
        requestDeserialize: parse(method.input),
        responseSerialize: serialise(method.output),
        responseDeserialize: parse(method.output),
      },
    ]),
  );
}
