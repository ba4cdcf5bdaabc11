import { expect, test } from "bun:test";
import type { DescFile } from "@bufbuild/protobuf";
import { file_outputs } from "./gen/outputs_pb.ts";
import { file_schema } from "./gen/schema_pb.ts";
import { file_version } from "./gen/version_pb.ts";

/** Methods and fields of a file as they are on the wire. */
const shape = (file: DescFile) => [
  ...file.services.flatMap((service) =>
    service.methods.map((method) => `/${service.typeName}/${method.name} ${method.methodKind}`),
  ),
  ...file.messages.flatMap((message) =>
    message.fields.map((field) => `${message.typeName} ${field.number} ${field.name} ${field.fieldKind}`),
  ),
];

test("outputs.proto is on the wire what was published: clients built years ago depend on it", () => {
  expect(shape(file_outputs)).toEqual([
    "/falco.outputs.service/sub bidi_streaming",
    "/falco.outputs.service/get server_streaming",
    "falco.outputs.response 1 time message",
    "falco.outputs.response 2 priority enum",
    "falco.outputs.response 3 source_deprecated enum",
    "falco.outputs.response 4 rule scalar",
    "falco.outputs.response 5 output scalar",
    "falco.outputs.response 6 output_fields map",
    "falco.outputs.response 7 hostname scalar",
    "falco.outputs.response 8 tags list",
    "falco.outputs.response 9 source scalar",
  ]);
});

test("version.proto is on the wire what was published", () => {
  expect(shape(file_version)).toEqual([
    "/falco.version.service/version unary",
    ...[
      ...[
        "version",
        "major",
        "minor",
        "patch",
        "prerelease",
        "build",
        "engine_minor",
        "engine_fields_checksum",
      ],
      ...["engine_major", "engine_patch", "engine_version"],
    ].map((name, i) => `falco.version.response ${i + 1} ${name} scalar`),
  ]);
});

test("schema.proto has every value in the spellings that clients look up", () => {
  const spelt = file_schema.enums.map((one) => one.values.map((value) => `${value.name}=${value.number}`));
  const three = (names: string[]) =>
    names.flatMap((name, i) => [
      `${name}=${i}`,
      `${name.toLowerCase()}=${i}`,
      `${name[0]}${name.slice(1).toLowerCase()}=${i}`,
    ]);
  expect(spelt[0]).toEqual(
    three(["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFORMATIONAL", "DEBUG"]),
  );
  const sources = three(["SYSCALL", "K8S_AUDIT", "INTERNAL", "PLUGIN"]);
  expect(spelt[1]).toEqual(sources.toSpliced(6, 0, "K8S_audit=1"));
});
