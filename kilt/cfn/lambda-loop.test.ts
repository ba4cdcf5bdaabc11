// biome-ignore-all lint/suspicious/noTemplateCurlyInString: substitutions are what is tested
import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { FalcoError } from "../../core/errors.ts";
import { serveMacro } from "./serve-macro.ts";
import { settingsFrom } from "./settings.ts";

const wrap = readFileSync(join(import.meta.dir, "../fixtures/wrap.kilt.cfg"), "utf8");
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const task = {
  Resources: {
    Task: {
      Type: "AWS::ECS::TaskDefinition",
      Properties: {
        RequiresCompatibilities: ["FARGATE"],
        ContainerDefinitions: [{ Name: "a", Image: "i", Command: ["c"] }],
      },
    },
  },
};
const lookup = async () => ({ entrypoint: ["/looked-up"], cmd: [] });

/** The runtime API as Lambda serves it: hands out events one by one, keeps what is posted. */
function fakeRuntime(events: readonly string[]) {
  const posted: { path: string; body: unknown; type: string | null }[] = [];
  const stop = new AbortController();
  let given = 0;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const path = new URL(request.url).pathname.replace("/2018-06-01/runtime/", "");
      if (request.method === "POST") {
        posted.push({
          path,
          body: await request.json(),
          type: request.headers.get("lambda-runtime-function-error-type"),
        });
        return new Response("{}", { status: 202 });
      }
      const event = events[given];
      if (event === undefined) {
        stop.abort();
        return new Response(null, { status: 500 });
      }
      return new Response(event, { headers: { "lambda-runtime-aws-request-id": `id-${++given}` } });
    },
  });
  return { api: `127.0.0.1:${server.port}`, posted, stop: stop.signal, close: () => server.stop(true) };
}

async function run(events: readonly unknown[], env: Record<string, string> = {}) {
  const runtime = fakeRuntime(
    events.map((event) => (typeof event === "string" ? event : JSON.stringify(event))),
  );
  const log: string[] = [];
  const settings = {
    AWS_LAMBDA_RUNTIME_API: runtime.api,
    KILT_DEFINITION: base64(wrap),
    KILT_DEFINITION_TYPE: "base64",
    ...env,
  };
  const ended = await serveMacro(settings, lookup, (line) => log.push(line), runtime.stop).catch(
    (error: unknown) => error,
  );
  runtime.close();
  return { posted: runtime.posted, ended, log };
}

const request = (fragment: unknown) => ({
  region: "eu-west-1",
  accountId: "1",
  requestId: "r-1",
  transformId: "t",
  fragment,
  params: {},
  templateParameterValues: {},
});

describe("lambdaLoop()", () => {
  test("answers calls of the macro with the patched fragment", async () => {
    const { posted, ended, log } = await run([request(task), request(task)], { KILT_LOG_GROUP: "g" });
    expect(ended).toBeUndefined();
    expect(posted.map(({ path }) => path)).toEqual(["invocation/id-1/response", "invocation/id-2/response"]);
    const body = posted[0]!.body as { requestId: string; status: string; fragment: typeof task };
    expect([body.requestId, body.status]).toEqual(["r-1", "success"]);
    const containers: unknown[] = body.fragment.Resources.Task.Properties.ContainerDefinitions;
    expect(containers[0]).toMatchObject({
      EntryPoint: ["/wrap/run", "--owner", "", "--"],
      Command: ["/looked-up", "c", "image=i"],
    });
    expect(containers[1]).toMatchObject({
      Name: "wrap",
      LogConfiguration: { Options: { "awslogs-group": "g" } },
    });
    expect(log).toContain("request r-1: patched Task/a");
  });

  test("answers in the macro's format, with the reason, when a template cannot be patched", async () => {
    const tags = [{ Key: "kilt-ignore", Value: { Ref: "X" } }];
    const bad = structuredClone(task) as { Resources: { Task: { Properties: object } } };
    Object.assign(bad.Resources.Task.Properties, { Tags: tags });
    const { posted } = await run([request(bad), request(task)]);
    expect(posted[0]).toMatchObject({
      path: "invocation/id-1/response",
      body: {
        requestId: "r-1",
        status: "failure",
        fragment: bad,
        errorMessage: expect.stringContaining("must be plain text"),
      },
    });
    expect(posted[1]).toMatchObject({ body: { status: "success" } });
  });

  test("fails an invocation that is no call of a macro, and goes on", async () => {
    const { posted } = await run(["not json", { hello: 1 }, "null", request(task)]);
    expect(posted.map(({ path }) => path.replace(/id-\d/, "ID"))).toEqual([
      "invocation/ID/error",
      "invocation/ID/error",
      "invocation/ID/error",
      "invocation/ID/response",
    ]);
    expect(posted[1]).toMatchObject({
      type: "Kilt.Failure",
      body: { errorType: "KILT_MACRO", errorMessage: expect.stringContaining("requestId") },
    });
  });

  test("reports a start that failed and ends with the error", async () => {
    const { posted, ended } = await run([], { KILT_DEFINITION: base64("build {") });
    expect(posted[0]).toMatchObject({ path: "init/error", body: { errorType: "HOCON_INVALID" } });
    expect(ended).toBeInstanceOf(FalcoError);
  });

  test("without a runtime API says what to do", async () => {
    await expect(serveMacro({}, lookup, () => {})).rejects.toThrow("AWS_LAMBDA_RUNTIME_API");
  });
});

describe("settingsFrom()", () => {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      // A presigned request of S3 carries its signature in the query.
      const isSigned = searchParams.get("X-Amz-Credential")?.startsWith("AKIATEST/") ?? false;
      if (pathname === "/bucket/dir/def.cfg" && isSigned) return new Response(wrap);
      if (pathname === "/bucket/def.gz" && isSigned) return new Response(gzipSync(wrap));
      if (pathname === "/web") return new Response(wrap);
      if (pathname === "/big") return new Response("x".repeat(2 << 20));
      return new Response("no", { status: 403 });
    },
  });
  afterAll(() => server.stop(true));
  const origin = `http://127.0.0.1:${server.port}`;
  const aws = {
    AWS_ACCESS_KEY_ID: "AKIATEST",
    AWS_SECRET_ACCESS_KEY: "x",
    AWS_REGION: "eu-west-1",
    AWS_ENDPOINT_URL_S3: origin,
  };

  const SOURCES: readonly (readonly [type: string, definition: string])[] = [
    ["s3", "bucket/dir/def.cfg"],
    ["s3_gz", "bucket/def.gz"],
    ["s3+gz", "bucket/def.gz"],
    ["http", `${origin}/web`],
    ["base64", base64(wrap)],
    ["base64_gz", gzipSync(wrap).toString("base64")],
  ];
  for (const [type, definition] of SOURCES) {
    test(`reads a definition of type ${type}`, async () => {
      const options = await settingsFrom({ ...aws, KILT_DEFINITION: definition, KILT_DEFINITION_TYPE: type });
      expect(options.definition.root.fields.has("build")).toBe(true);
      expect(options).toMatchObject({ optIn: false, parameterizeEnv: false });
    });
  }

  test("reads the other settings, of which any text switches most on", async () => {
    const env = {
      KILT_DEFINITION: base64("build.image: ${config.x}"),
      KILT_DEFINITION_TYPE: "base64",
      KILT_RECIPE_CONFIG: '{"x": "y"}',
      KILT_OPT_IN: "no",
      KILT_PARAMETERIZE_ENVARS: "TRUE",
      KILT_DISABLE_REPO_HINTS: "1",
      KILT_IMAGE_AUTH_SECRET: "s",
    };
    const options = await settingsFrom(env, lookup);
    expect(options).toMatchObject({ optIn: true, parameterizeEnv: true, imageAuthSecret: "s" });
    expect(options.lookup).toBeUndefined();
    expect((await settingsFrom({ ...env, KILT_DISABLE_REPO_HINTS: "" }, lookup)).lookup).toBe(lookup);
  });

  const WRONG: readonly (readonly [Record<string, string>, string])[] = [
    [{}, "KILT_DEFINITION is not set"],
    [{ KILT_DEFINITION: "x", KILT_DEFINITION_TYPE: "ftp" }, 'unknown KILT_DEFINITION_TYPE "ftp"'],
    [{ KILT_DEFINITION: "x", KILT_DEFINITION_TYPE: "http_gz" }, "unknown KILT_DEFINITION_TYPE"],
    [{ KILT_DEFINITION: "%%%", KILT_DEFINITION_TYPE: "base64" }, "not base64"],
    [{ KILT_DEFINITION: base64("x"), KILT_DEFINITION_TYPE: "base64_gz" }, "Cannot read KILT_DEFINITION"],
    [
      {
        KILT_DEFINITION: gzipSync("x".repeat(2 << 20)).toString("base64"),
        KILT_DEFINITION_TYPE: "base64_gz",
      },
      "Cannot read KILT_DEFINITION",
    ],
    [{ KILT_DEFINITION: "nobucket", KILT_DEFINITION_TYPE: "s3" }, "expected BUCKET/KEY"],
    [{ ...aws, KILT_DEFINITION: "bucket/none", KILT_DEFINITION_TYPE: "s3" }, "answered 403"],
    [{ KILT_DEFINITION: `${origin}/big`, KILT_DEFINITION_TYPE: "http" }, "longer than"],
  ];
  for (const [env, message] of WRONG) {
    test(`refuses with the reason: ${message}`, async () => {
      await expect(settingsFrom(env)).rejects.toThrow(message);
    });
  }
});
