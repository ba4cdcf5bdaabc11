import {
  create,
  type DescFile,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { status as Code, type ServerDuplexStream } from "@grpc/grpc-js";
import type {
  ServerReflectionRequest,
  ServerReflectionResponseSchema as V1,
} from "../../../proto/gen/grpc/reflection/v1/reflection_pb.ts";
import type {
  ServerReflectionRequest as AlphaRequest,
  ServerReflectionResponseSchema as V1Alpha,
} from "../../../proto/gen/grpc/reflection/v1alpha/reflection_pb.ts";

type Answer = NonNullable<MessageInitShape<typeof V1>["messageResponse"]>;

/** Answers descriptor questions about a fixed set of files; nothing in them has extensions. */
export class Reflection {
  readonly #files = new Map<string, DescFile>();
  readonly #symbols = new Map<string, DescFile>();
  readonly #services: string[] = [];

  constructor(files: readonly DescFile[]) {
    for (const file of files) this.#add(file);
    for (const file of files) for (const service of file.services) this.#services.push(service.typeName);
  }

  #add(file: DescFile): void {
    const name = file.proto.name;
    if (this.#files.has(name)) return;
    this.#files.set(name, file);
    for (const type of [...file.messages, ...file.enums, ...file.services])
      this.#symbols.set(type.typeName, file);
    for (const message of file.messages) {
      for (const nested of [...message.nestedMessages, ...message.nestedEnums]) {
        this.#symbols.set(nested.typeName, file);
      }
    }
    for (const service of file.services) {
      for (const method of service.methods) this.#symbols.set(`${service.typeName}.${method.name}`, file);
    }
    for (const dependency of file.dependencies) this.#add(dependency);
  }

  answer(question: (ServerReflectionRequest | AlphaRequest)["messageRequest"]): Answer {
    switch (question.case) {
      case "listServices":
        return {
          case: "listServicesResponse",
          value: { service: this.#services.map((name) => ({ name })) },
        };
      case "fileByFilename":
        return this.#descriptor(this.#files.get(question.value), question.value);
      case "fileContainingSymbol":
        return this.#descriptor(this.#symbols.get(question.value), question.value);
      case "allExtensionNumbersOfType":
        if (!this.#symbols.has(question.value)) return missing(question.value);
        return { case: "allExtensionNumbersResponse", value: { baseTypeName: question.value } };
      case "fileContainingExtension":
        return missing(question.value.containingType);
      default:
        return missing("");
    }
  }

  /** A file with everything it imports, so that the client need not ask again. */
  #descriptor(file: DescFile | undefined, wanted: string): Answer {
    if (!file) return missing(wanted);
    const all = new Set<DescFile>();
    const collect = (one: DescFile) => {
      if (all.has(one)) return;
      all.add(one);
      one.dependencies.forEach(collect);
    };
    collect(file);
    const fileDescriptorProto = [...all].map((one) => toBinary(FileDescriptorProtoSchema, one.proto));
    return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
  }
}

function missing(wanted: string): Answer {
  return {
    case: "errorResponse",
    value: { errorCode: Code.NOT_FOUND, errorMessage: `Not found: "${wanted}"` },
  };
}

/**
 * The reflection method of either version: the two differ in the package's name only, so their messages
 * have the same shape. A client that doesn't read its answers is not read, either.
 */
export function reflectionHandler<Schema extends typeof V1 | typeof V1Alpha>(
  reflection: Reflection,
  schema: Schema,
): (call: ServerDuplexStream<ServerReflectionRequest | AlphaRequest, MessageShape<Schema> | Buffer>) => void {
  return (call) => {
    call.on("data", ({ host, messageRequest }: ServerReflectionRequest | AlphaRequest) => {
      const answer = {
        validHost: host,
        originalRequest: { host, messageRequest },
        messageResponse: reflection.answer(messageRequest),
      };
      if (call.write(create(schema, answer as MessageInitShape<Schema>))) return;
      call.pause();
      call.once("drain", () => call.resume());
    });
    call.on("end", () => call.end());
  };
}
