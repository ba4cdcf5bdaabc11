// biome-ignore-all lint/suspicious/noTemplateCurlyInString: substitutions are what is tested
import { describe, expect, test } from "bun:test";
import { FalcoError } from "../core/errors.ts";
import { buildFor } from "./build.ts";
import { loadDefinition, parseDefinition } from "./definition.ts";
import { recognise } from "./recognise.ts";
import { runtimeFor } from "./runtime.ts";
import type { Target } from "./target.ts";

const target: Target = {
  image: "busybox:1",
  containerName: "app",
  containerGroupName: "task",
  entryPoint: ["/bin/stuff"],
  command: ["-c", "run"],
  environmentVariables: new Map([["KEEP", "1"]]),
  metadata: new Map([["captured_tag", "tag"]]),
};
const define = (text: string, config?: string) => parseDefinition({ name: "d.cfg", text }, config);
const plain = (text: string, config?: string) => {
  const build = buildFor(define(text, config), target);
  return { ...build, environment: Object.fromEntries(build.environment) };
};
function failure(call: () => unknown): FalcoError {
  try {
    call();
  } catch (error) {
    if (error instanceof FalcoError) return error;
    throw error;
  }
  throw new Error("no error");
}

describe("buildFor()", () => {
  test("an empty definition leaves the container as it is", () => {
    expect(plain("")).toEqual({
      image: "busybox:1",
      entryPoint: ["/bin/stuff"],
      command: ["-c", "run"],
      environment: { KEEP: "1" },
      mounts: [],
    });
  });

  test("the released form: lists concatenated, tags, environment merged over the original's, mounts", () => {
    const text = `build {
      entry_point: ["/kilt/run", "--", \${?original.metadata.captured_tag}, \${?original.metadata.nope}]
      command: [] \${?original.entry_point} \${?original.command}
      environment_variables: { "NEW": "\${x}", PORT: 80, NAME: "n="\${original.container_name}"@"\${original.container_group_name} }
      mount: [{ name: "K", image: "KILT:latest", volumes: ["/kilt"], entry_point: ["/kilt/wait"] }]
    }`;
    expect(plain(text)).toEqual({
      image: "busybox:1",
      entryPoint: ["/kilt/run", "--", "tag"],
      command: ["/bin/stuff", "-c", "run"],
      environment: { KEEP: "1", NEW: "${x}", PORT: "80", NAME: "n=app@task" },
      mounts: [{ name: "K", image: "KILT:latest", volumes: ["/kilt"], entryPoint: ["/kilt/wait"] }],
    });
  });

  test("the proposal's form: entrypoint, environment, mounts with a volume and no name", () => {
    const text = `deploy {
      entrypoint: [ /falco/pdig ] \${original.entrypoint}
      mount: [{ image: "registry/falco/falco:0.26", volume: "/falco", entrypoint: ["/falco/wait"] }]
      environment { INFO: "image="\${original.image}",name="\${original.name} }
    }`;
    expect(plain(text)).toEqual({
      image: "busybox:1",
      entryPoint: ["/falco/pdig", "/bin/stuff"],
      command: ["-c", "run"],
      environment: { KEEP: "1", INFO: "image=busybox:1,name=app" },
      mounts: [
        {
          name: "falco",
          image: "registry/falco/falco:0.26",
          volumes: ["/falco"],
          entryPoint: ["/falco/wait"],
        },
      ],
    });
  });

  test("the recipe configuration is in reach as config", () => {
    expect(plain("build.image: ${config.registry}/x", '{"registry": "r.example"}').image).toBe("r.example/x");
    const error = failure(() => define("", "{"));
    expect(error.place).toEqual({ file: "recipe configuration", line: 1, column: 1 });
  });

  test("absentTagIsEmpty puts an empty item where a lone tag is missing", () => {
    const text = 'build.entry_point: ["/run", ${?original.metadata.nope}, ${?original.nope}]';
    expect(buildFor(define(text), target, { absentTagIsEmpty: true }).entryPoint).toEqual(["/run", ""]);
    expect(buildFor(define(text), target).entryPoint).toEqual(["/run"]);
  });

  const WRONG: readonly (readonly [string, string])[] = [
    [
      "build.mount: [{image: a, volumes: [v], entry_point: [e]}, {image: b, volumes: [v]}]",
      "build.mount.1: image, volumes and entry_point are all required",
    ],
    ["build.mount: [{image: a, volumes: [], entry_point: [e]}]", "build.mount.0"],
    ["build.entry_point: /bin/sh", "build.entry_point: it is a string"],
    ["build.command: [[a]]", "build.command.0: it is a list"],
    ["build.environment_variables: {A: [1]}", "build.environment_variables.A"],
    ["build: 5", "build: it is a number"],
    [
      "build.mount: [{name: x, image: a, volumes: [v], entry_point: [e]}, {name: x, image: b, volumes: [v], entry_point: [e]}]",
      'another mount is called "x"',
    ],
  ];
  for (const [text, message] of WRONG) {
    test(`an error names what is wrong: ${message}`, () => {
      const error = failure(() => plain(text));
      expect(error.message).toContain(message);
      expect(error.place?.file).toBe("d.cfg");
    });
  }
});

describe("the embedded definition", () => {
  test("runs the workload under falco trace and lends the falco image", () => {
    const build = buildFor(
      loadDefinition("falco", '{"image": "me/falco:1", "flags": ["-r", "/r.yaml"]}'),
      target,
    );
    expect(build.entryPoint).toEqual(["/opt/falco/falco", "trace", "-r", "/r.yaml", "--", "/bin/stuff"]);
    expect(build.command).toEqual(["-c", "run"]);
    expect(build.mounts.map((mount) => [mount.name, mount.image])).toEqual([["falco", "me/falco:1"]]);
    expect(buildFor(loadDefinition(), target).entryPoint).toEqual([
      "/opt/falco/falco",
      "trace",
      "--",
      "/bin/stuff",
    ]);
  });
});

describe("runtimeFor()", () => {
  test("the released form, with defaults and modes", () => {
    const text = `runtime {
      upload: [
        { url: "https://example.com/x", as: "/bin/x" }
        { text: "hello", as: /etc/x, uid: 10, gid: 20, permissions: 0640 }
        { payload: "aGk=", as: /tmp/p, gzipped: true }
      ]
      exec: [{ run: ["/bin/x", "--name", \${original.container_name}] }]
    }`;
    expect(runtimeFor(define(text), target)).toEqual({
      uploads: [
        {
          from: "url",
          contents: "https://example.com/x",
          destination: "/bin/x",
          gzipped: false,
          uid: 0,
          gid: 0,
          permissions: 0o755,
        },
        {
          from: "text",
          contents: "hello",
          destination: "/etc/x",
          gzipped: false,
          uid: 10,
          gid: 20,
          permissions: 0o640,
        },
        {
          from: "payload",
          contents: "aGk=",
          destination: "/tmp/p",
          gzipped: true,
          uid: 0,
          gid: 0,
          permissions: 0o755,
        },
      ],
      execs: [["/bin/x", "--name", "app"]],
    });
  });

  test("the proposal's form: a payload may be the text itself, commands are lists or one word", () => {
    const text = 'patch { upload: [{ payload: "plain text!", as: /x }], background_exec: [[/x, -v], /y] }';
    const runtime = runtimeFor(define(text), target);
    expect(runtime.uploads[0]).toMatchObject({ from: "text", contents: "plain text!" });
    expect(runtime.execs).toEqual([["/x", "-v"], ["/y"]]);
  });

  const WRONG: readonly (readonly [string, string])[] = [
    ["build {}", "no runtime section"],
    ["runtime.upload: [{text: a, as: /x}, {as: /y}]", "runtime.upload.1: expected one of"],
    ["runtime.upload: [{text: a, file: b, as: /y}]", "found file and text"],
    ["runtime.upload: [{text: a}]", '"as" must be an absolute path'],
    ["runtime.upload: [{text: a, as: /x/../../etc/passwd}]", '"as" must be an absolute path'],
    ['runtime.upload: [{payload: "not base64!", as: /x}]', "not base64"],
    ["runtime.upload: [{text: a, as: /x, permissions: rwx}]", "a mode such as 0755"],
    ["runtime.upload: [{text: a, as: /x, uid: -1}]", "a whole number from 0"],
    ["runtime.exec: [{run: []}]", "runtime.exec.0: run cannot be empty"],
  ];
  for (const [text, message] of WRONG) {
    test(`an error names what is wrong: ${message}`, () => {
      expect(failure(() => runtimeFor(define(text), target)).message).toContain(message);
    });
  }
});

describe("recognise()", () => {
  const apply = (text: string): [ReturnType<typeof define>, Target] => {
    const definition = define(text);
    const build = buildFor(definition, target);
    return [
      definition,
      {
        ...target,
        image: build.image,
        entryPoint: build.entryPoint,
        command: build.command,
        environmentVariables: build.environment,
      },
    ];
  };
  const SHAPES = [
    'build.entry_point: ["/w", "--"] ${original.entry_point}',
    'build { entry_point: ["/run"], command: [] ${original.entry_point} ${original.command} [end] }',
    'build { entry_point: ["/launch"] ${original.entry_point} ${original.command} ["--"], command: ["/falco", "-u"] }',
    'build.image: "wrapped/"${original.image}',
    'build.environment_variables.KEEP: ${original.environment_variables.KEEP}":more"',
  ];
  for (const text of SHAPES) {
    test(`knows what it made and not what it did not: ${text}`, () => {
      const [definition, patched] = apply(text);
      expect(recognise(definition, patched)).toBe(true);
      expect(recognise(definition, target)).toBe(false);
    });
  }

  test("a definition that writes nothing around the original is never recognised", () => {
    const [definition, patched] = apply("build.environment_variables.NEW: x");
    expect(recognise(definition, patched)).toBe(false);
  });
});
