import { expect, test } from "bun:test";
import { create, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import * as grpc from "@grpc/grpc-js";
import { Health, HealthCheckRequestSchema } from "../../../proto/gen/grpc/health/v1/health_pb.ts";
import * as v1 from "../../../proto/gen/grpc/reflection/v1/reflection_pb.ts";
import * as v1alpha from "../../../proto/gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { serviceDefinition } from "../../../proto/service-definition.ts";
import { grpcFixture } from "./server-fixture.ts";

function stub(service: Parameters<typeof serviceDefinition>[0], address: string) {
  const Stub = grpc.makeClientConstructor(serviceDefinition(service), service.typeName);
  return new Stub(address.replace("unix://", "unix:"), grpc.credentials.createInsecure());
}

test("grpc.health.v1.Health answers for the server and its services, and tells watchers of the end", async () => {
  const server = await grpcFixture();
  const health = stub(Health, server.address);
  const check = (service: string) =>
    new Promise((resolve) =>
      health.check!(
        create(HealthCheckRequestSchema, { service }),
        (error: grpc.ServiceError, reply: { status: number }) =>
          resolve(error ? grpc.status[error.code] : reply.status),
      ),
    );
  expect(await check("")).toBe(1);
  expect(await check("falco.api.v1.api")).toBe(1);
  expect(await check("nothing")).toBe("NOT_FOUND");
  const seen: number[] = [];
  const watch = health.watch!(create(HealthCheckRequestSchema, { service: "" }));
  watch.on("data", ({ status }: { status: number }) => void seen.push(status));
  watch.on("error", () => {});
  const ended = new Promise((resolve) => watch.on("status", resolve));
  while (seen.length === 0) await Bun.sleep(5);
  await server.close();
  await ended;
  expect(seen).toEqual([1, 2]);
  health.close();
  await server[Symbol.asyncDispose]();
});

for (const { ServerReflection, ServerReflectionRequestSchema } of [v1, v1alpha]) {
  test(`${ServerReflection.typeName} lists the services and gives files with all they import`, async () => {
    await using server = await grpcFixture();
    const reflection = stub(ServerReflection, server.address);
    const call = reflection.serverReflectionInfo!();
    const answers: v1.ServerReflectionResponse[] = [];
    const ended = new Promise((resolve) => call.on("end", resolve));
    call.on("data", (answer: v1.ServerReflectionResponse) => void answers.push(answer));
    const ask = (messageRequest: v1.ServerReflectionRequest["messageRequest"]) =>
      call.write(
        create(ServerReflectionRequestSchema as typeof v1.ServerReflectionRequestSchema, { messageRequest }),
      );
    ask({ case: "listServices", value: "" });
    ask({ case: "fileContainingSymbol", value: "falco.api.v1.api.create_rules" });
    ask({ case: "fileByFilename", value: "outputs.proto" });
    ask({ case: "fileContainingSymbol", value: "no.such.Thing" });
    call.end();
    await ended;
    const [services, symbol, file, missing] = answers.map((answer) => answer.messageResponse);
    expect(
      services?.case === "listServicesResponse" && services.value.service.map((one) => one.name),
    ).toEqual([
      "falco.outputs.service",
      "falco.version.service",
      "falco.api.v1.api",
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
    ]);
    const names = (answer: typeof symbol) =>
      answer?.case === "fileDescriptorResponse" &&
      answer.value.fileDescriptorProto
        .map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name)
        .sort();
    expect(names(symbol)).toEqual([
      "api.proto",
      "google/protobuf/timestamp.proto",
      "outputs.proto",
      "schema.proto",
      "version.proto",
    ]);
    expect(names(file)).toEqual(["google/protobuf/timestamp.proto", "outputs.proto", "schema.proto"]);
    expect(missing).toMatchObject({ case: "errorResponse", value: { errorCode: grpc.status.NOT_FOUND } });
    reflection.close();
  });
}
