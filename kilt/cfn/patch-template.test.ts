// biome-ignore-all lint/suspicious/noTemplateCurlyInString: substitutions are what is tested
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parse } from "yaml";
import { FalcoError } from "../../core/errors.ts";
import { loadDefinition, parseDefinition } from "../definition.ts";
import type { ImageConfigLookup } from "../target.ts";
import { type PatchOptions, patchTemplate } from "./patch-template.ts";

const fixtures = join(import.meta.dir, "../fixtures");
const fixture = (name: string): string => readFileSync(join(fixtures, name), "utf8");
const wrap = loadDefinition(join(fixtures, "wrap.kilt.cfg"));
const falco = loadDefinition();
const patch = (text: string, options: Partial<PatchOptions> = {}) =>
  patchTemplate("t", text, { definition: falco, ...options });

interface TaskParts {
  readonly containers: readonly unknown[];
  readonly tags?: readonly unknown[];
}
const taskOf = ({ containers, tags }: TaskParts): string =>
  JSON.stringify({
    Resources: {
      Task: {
        Type: "AWS::ECS::TaskDefinition",
        Properties: {
          RequiresCompatibilities: ["FARGATE"],
          Tags: tags ?? [],
          ContainerDefinitions: containers,
        },
      },
    },
  });
const containersOf = (text: string): Record<string, unknown>[] =>
  JSON.parse(text).Resources.Task.Properties.ContainerDefinitions;

async function failure(call: Promise<unknown>): Promise<FalcoError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof FalcoError) return error;
    throw error;
  }
  throw new Error("no error");
}

describe("patchTemplate()", () => {
  for (const kind of ["yaml", "json"]) {
    test(`patches task.${kind} into task.patched.${kind}, whose patch is itself`, async () => {
      const options = {
        definition: wrap,
        logGroup: "alerts",
        imageAuthSecret: "arn:aws:secretsmanager:secret",
      };
      const once = await patchTemplate("t", fixture(`task.${kind}`), options);
      expect(once.text).toBe(fixture(`task.patched.${kind}`));
      const twice = await patchTemplate("t", once.text, options);
      expect(twice).toEqual({ text: once.text, patched: [], warnings: [] });
    });
  }

  test("keeps line ends, a BOM and a missing last newline", async () => {
    const text = `\ufeff${fixture("task.yaml").trimEnd().replaceAll("\n", "\r\n")}`;
    const { text: patched } = await patch(text);
    expect(patched.startsWith("\ufeff# A template")).toBe(true);
    expect(patched.replaceAll("\r\n", "")).not.toContain("\n");
    expect(patched.endsWith("X: {Value: !Ref Task}")).toBe(true);
    expect(parse(patched.slice(1), { logLevel: "silent" })).toEqual(
      parse((await patch(fixture("task.yaml"))).text, { logLevel: "silent" }),
    );
  });

  test("fills an entry point from the image's configuration, the template's own values first", async () => {
    const asked: string[] = [];
    const lookup: ImageConfigLookup = async (image) => {
      asked.push(image);
      return { entrypoint: ["/from-image"], cmd: ["image-cmd"] };
    };
    const containers = [
      { Name: "a", Image: "one" },
      { Name: "b", Image: "two", Command: ["mine"] },
      { Name: "c", Image: "three", EntryPoint: ["/mine"] },
    ];
    const { text } = await patch(taskOf({ containers }), { lookup });
    const lists = containersOf(text).map(({ EntryPoint, Command }) => [
      (EntryPoint as string[]).slice(3),
      Command,
    ]);
    expect(lists.slice(0, 3)).toEqual([
      [["/from-image"], ["image-cmd"]],
      [["/from-image"], ["mine"]],
      [["/mine"], undefined],
    ]);
    expect(asked).toEqual(["one", "two"]);
  });

  test("leaves a container alone, with a warning, when nothing says what it runs", async () => {
    const lookup: ImageConfigLookup = async () => {
      throw new FalcoError("X", "no registry");
    };
    const text = taskOf({
      containers: [
        { Name: "a", Image: "one" },
        { Name: "b", Image: { Ref: "I" }, Command: ["half"] },
      ],
    });
    const result = await patch(text, { lookup });
    expect(result.text).toBe(text);
    expect(result.warnings.map((line) => line.slice(0, 30))).toEqual([
      "Task/a is left as it is: what ",
      "Task/b is left as it is: what ",
    ]);
    expect(result.warnings[0]).toContain("no registry");
  });

  test("parameterizeEnv declares what the definition adds and leaves what the container has", async () => {
    const definition = parseDefinition({
      name: "d",
      text: 'build.environment_variables: { MY_NEW_VAR: "x", plain: "y", HAS: "z" }',
    });
    const text = taskOf({
      containers: [
        { Name: "a", Image: "i", EntryPoint: ["e"], Environment: [{ Name: "HAS", Value: "own" }] },
      ],
    });
    const options = { definition, parameterizeEnv: true };
    const once = await patch(text, options);
    expect(JSON.parse(once.text).Parameters).toEqual({
      HAS: { Type: "String", Default: "z" },
      myNewVar: { Type: "String", Default: "x" },
      plain: { Type: "String", Default: "y" },
    });
    expect(containersOf(once.text)[0]!.Environment).toEqual([
      { Name: "HAS", Value: "own" },
      { Name: "MY_NEW_VAR", Value: { Ref: "myNewVar" } },
      { Name: "plain", Value: { Ref: "plain" } },
    ]);
    expect((await patch(once.text, options)).text).toBe(once.text);
  });

  test("patches a bare list of container definitions, as Terraform keeps them, in its own spelling", async () => {
    const text = JSON.stringify([{ name: "a", image: "i", entryPoint: ["/e"], environment: [] }]);
    const { text: patched } = await patch(text, { logGroup: "g" });
    expect(JSON.parse(patched)).toEqual([
      {
        name: "a",
        image: "i",
        entryPoint: ["/opt/falco/falco", "trace", "--", "/e"],
        environment: [],
        volumesFrom: [{ readOnly: true, sourceContainer: "falco" }],
        linuxParameters: { capabilities: { add: ["SYS_PTRACE"] } },
      },
      {
        name: "falco",
        image: "docker.io/falcosecurity/falco:latest",
        entryPoint: ["/opt/falco/falco", "kilt", "wait"],
        logConfiguration: {
          logDriver: "awslogs",
          options: { "awslogs-group": "g", "awslogs-stream-prefix": "task" },
        },
      },
    ]);
    expect((await patch(patched, { logGroup: "g" })).text).toBe(patched);
  });

  const TAGS: readonly (readonly [optIn: boolean, tags: Record<string, string>, patched: string[]])[] = [
    [false, {}, ["a", "b"]],
    [false, { "kilt-ignore": "" }, []],
    [false, { "kilt-ignore-containers": "x:b" }, ["a"]],
    [false, { "kilt-include-containers": "b" }, ["a", "b"]],
    [true, {}, []],
    [true, { "kilt-include": "no matter" }, ["a", "b"]],
    [true, { "kilt-include-containers": "b:x" }, ["b"]],
    [true, { "kilt-include": "", "kilt-ignore": "" }, ["a", "b"]],
  ];
  for (const [optIn, tags, names] of TAGS) {
    test(`opt-${optIn ? "in" : "out"} with ${JSON.stringify(tags)} patches ${names.join(" and ") || "nothing"}`, async () => {
      const containers = ["a", "b"].map((Name) => ({ Name, Image: "i", EntryPoint: ["/e"] }));
      const list = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      const { patched } = await patch(taskOf({ containers, tags: list }), { optIn });
      expect(patched).toEqual(names.map((name) => `Task/${name}`));
    });
  }

  const container = { Name: "a", Image: "i", EntryPoint: ["/e"] };
  const ERRORS: readonly (readonly [string, string, string])[] = [
    ["text that is no template", "a: [1", "Cannot read template"],
    ["a scalar", "5", "expected an object"],
    ["a duplicate key", "a: 1\na: 2", "Cannot read template"],
    [
      "a tag key that is a function",
      taskOf({ containers: [container], tags: [{ Key: { Ref: "K" }, Value: "v" }] }),
      "key must be plain text",
    ],
    [
      "a deciding tag that is a function",
      taskOf({ containers: [container], tags: [{ Key: "kilt-ignore", Value: { Ref: "K" } }] }),
      "value must be plain text",
    ],
    [
      "a variable name that is a function",
      taskOf({ containers: [{ ...container, Environment: [{ Name: { Ref: "N" }, Value: "v" }] }] }),
      "name of a variable",
    ],
    [
      "volumes that are a function",
      taskOf({ containers: [{ ...container, VolumesFrom: { Ref: "V" } }] }),
      "VolumesFrom must be a plain list",
    ],
    [
      "capabilities that are a function",
      taskOf({ containers: [{ ...container, LinuxParameters: { Ref: "V" } }] }),
      "LinuxParameters must be a plain object",
    ],
    [
      "a container that has the mount's name",
      taskOf({ containers: [container, { Name: "falco", Image: "mine", EntryPoint: ["x"] }] }),
      'Cannot add container "falco"',
    ],
    ["deep nesting", "[".repeat(20_000), "Cannot read"],
  ];
  for (const [title, text, message] of ERRORS) {
    test(`refuses ${title} and says where`, async () => {
      const error = await failure(patch(text));
      expect(error.message).toContain(message);
    });
  }
});

/** Text of every kind that has a meaning in YAML, JSON or HOCON somewhere. */
const word = fc.oneof(
  fc.constantFrom(
    "",
    "--",
    "a b",
    "${x}",
    "!Ref",
    "- x",
    "#no",
    "a: b",
    "'",
    '"',
    "\\",
    "\n",
    "|~|",
    "é",
    "{}",
    "[",
    "8080",
    "true",
  ),
  fc.string({ maxLength: 8 }),
);
const item = fc.oneof(
  { weight: 3, arbitrary: word },
  { weight: 1, arbitrary: fc.constant({ Ref: "Param" }) },
  { weight: 1, arbitrary: word.map((text) => ({ "Fn::Sub": [text, { v: { Ref: "X" } }] })) },
);
const list = fc.oneof(
  { weight: 5, arbitrary: fc.array(item, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constant({ Ref: "ListParam" }) },
);
const containerOf = (name: string) =>
  fc.record(
    {
      Name: fc.constant(name),
      Image: item,
      EntryPoint: list,
      Command: list,
      Environment: fc.uniqueArray(fc.record({ Name: fc.constantFrom("A", "B", "LONG_NAME"), Value: item }), {
        selector: (v) => v.Name,
        maxLength: 3,
      }),
      VolumesFrom: fc.constant([{ SourceContainer: "other" }]),
      LinuxParameters: fc.constantFrom(
        {},
        { Capabilities: {} },
        { Capabilities: { Add: ["X"], Drop: [] } },
        { InitProcessEnabled: true },
      ),
    },
    { requiredKeys: ["Name", "Image"] },
  );
const containersArb = fc
  .integer({ min: 1, max: 3 })
  .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => containerOf(`c${i}`))));
const DEFINITIONS = [
  falco,
  wrap,
  parseDefinition({
    name: "env",
    text: 'build.environment_variables: { NEW_VAR: "x", A: "pre"${?original.environment_variables.A} }',
  }),
  parseDefinition({
    name: "image",
    text: 'build { image: "proxy/"${original.image}, command: ${original.command} [last] }',
  }),
];

/** YAML written in several layouts; JSON compact and spread. */
const LAYOUTS: readonly ((value: unknown) => string)[] = [
  (value) => JSON.stringify(value),
  (value) => JSON.stringify(value, null, 2),
  (value) => JSON.stringify(value, null, "\t"),
  (value) => Bun.YAML.stringify(value, null, 2),
  (value) => Bun.YAML.stringify(value),
];

describe("patchTemplate() for any task", () => {
  test("gives a template in which everything else stands byte for byte, and whose patch is itself", async () => {
    await fc.assert(
      fc.asyncProperty(
        containersArb,
        fc.nat({ max: LAYOUTS.length - 1 }),
        fc.nat({ max: DEFINITIONS.length - 1 }),
        fc.boolean(),
        async (containers, layout, which, parameterizeEnv) => {
          const text = LAYOUTS[layout]!(JSON.parse(taskOf({ containers })));
          const options = { definition: DEFINITIONS[which]!, parameterizeEnv };
          const once = await patch(text, options);
          expect((await patch(once.text, options)).text).toBe(once.text);
          const after = parse(once.text, { logLevel: "silent", maxAliasCount: 0 });
          const names = after.Resources.Task.Properties.ContainerDefinitions.map(
            (c: { Name: string }) => c.Name,
          );
          expect(names.slice(0, containers.length)).toEqual(containers.map((c) => c.Name));
          // What a layout writes must mean what every other layout means.
          const plain = await patch(taskOf({ containers }), options);
          expect(after).toEqual(JSON.parse(plain.text));
        },
      ),
      { numRuns: 150 },
    );
  });

  test("leaves what stands before and behind a task as it was", async () => {
    const before = "# héader\n\n\nOther:   {a:   1}  # odd\nResources:\n  X: { Type: 'A' }   # c\n";
    const after = "\n\n  # trailing\n  Y:\n     Type:   B\n...\n";
    const task =
      "  T:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      RequiresCompatibilities: [ FARGATE ]\n      ContainerDefinitions:\n      - Name: a\n        Image: i\n        EntryPoint: [e]\n";
    const { text } = await patch(before + task.trimEnd() + after);
    expect(text.startsWith(before)).toBe(true);
    expect(text.endsWith(after)).toBe(true);
    expect(text).toContain('EntryPoint: ["/opt/falco/falco", "trace", "--", e]');
  });
});
