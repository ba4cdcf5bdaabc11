import { isMap, type Node, type YAMLMap, type YAMLSeq } from "yaml";
import { reasonOf } from "../../core/errors.ts";
import { type Build, buildFor, type Mount } from "../build.ts";
import type { Definition } from "../definition.ts";
import { recognise } from "../recognise.ts";
import type { ImageConfigLookup, Target } from "../target.ts";
import { addItems } from "../template/change.ts";
import { intrinsicOf } from "../template/long-form.ts";
import type { Value } from "../template/render.ts";
import { fieldOf, itemsOf, stringOf, Template } from "../template/template.ts";
import { type Container, readContainer, writeContainer } from "./container.ts";
import { Opaque } from "./opaque.ts";
import { addParameters } from "./parameters.ts";
import { tagsOf, wanted } from "./tags.ts";

export interface PatchOptions {
  readonly definition: Definition;
  /** Only tasks and containers that are tagged for it are patched. */
  readonly optIn?: boolean;
  /** Asks registries for entry points that a task does not name; absent: they are not asked. */
  readonly lookup?: ImageConfigLookup;
  readonly parameterizeEnv?: boolean;
  /** CloudWatch group that the added containers log to. */
  readonly logGroup?: string;
  /** Secret (ARN) that holds the credentials for the added containers' images. */
  readonly imageAuthSecret?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Patched {
  readonly text: string;
  /** Patched containers, as TASK/CONTAINER. */
  readonly patched: readonly string[];
  /** What was left as it is although it looked like something to patch, as sentences. */
  readonly warnings: readonly string[];
}

/**
 * Patches the Fargate task definitions of a CloudFormation template (YAML or JSON), or a JSON list of
 * container definitions. Only what has to change is written; comments, order and everything else stay
 * byte for byte, and a template that is patched already comes back as it is. Throws a FalcoError for
 * templates and definitions that cannot be read.
 */
export async function patchTemplate(name: string, text: string, options: PatchOptions): Promise<Patched> {
  const patcher = new Patcher(new Template(name, text), options);
  await patcher.run();
  return { text: patcher.template.result(), patched: patcher.patched, warnings: patcher.warnings };
}

class Patcher {
  readonly template: Template;
  readonly patched: string[] = [];
  readonly warnings: string[] = [];
  readonly #options: PatchOptions;
  readonly #opaque: Opaque;
  /** A container that was patched: what the definition adds to any container is read off it. */
  #sample: Target | undefined;

  constructor(template: Template, options: PatchOptions) {
    this.template = template;
    this.#options = options;
    this.#opaque = new Opaque(template);
  }

  async run(): Promise<void> {
    const { root } = this.template;
    if (!isMap(root)) {
      // A bare list is what Terraform keeps of a task definition.
      await this.#lists("task", undefined, root as Node);
      return;
    }
    const resources = fieldOf(root, "Resources");
    for (const { key, value } of isMap(resources) ? resources.items : []) {
      if (!isFargateTask(value as Node | null)) continue;
      const properties = fieldOf(value as Node, "Properties")!;
      await this.#lists(
        String((key as { value: unknown }).value),
        properties,
        fieldOf(properties, "ContainerDefinitions"),
      );
    }
    if (this.#options.parameterizeEnv && this.#sample)
      addParameters(this.template, this.#addedVariables(this.#sample));
  }

  /** Every list of containers of a task: usually one, more behind `Fn::If`. */
  async #lists(task: string, properties: Node | undefined, node: Node | undefined): Promise<void> {
    const tags = tagsOf(this.template, properties, this.#opaque);
    for (const list of alternatives(node)) {
      const items = itemsOf(list);
      if (items) await this.#task(task, tags, list as YAMLSeq, items);
      else this.warnings.push(`${task} is left as it is: its containers are only known to CloudFormation`);
    }
  }

  async #task(
    task: string,
    tags: ReadonlyMap<string, string>,
    list: YAMLSeq,
    items: readonly Node[],
  ): Promise<void> {
    const containers: Container[] = [];
    for (const item of items.flatMap((item) => alternatives(item))) {
      if (isMap(item) && !intrinsicOf(item)) {
        containers.push(readContainer(this.template, item as YAMLMap, task, tags, this.#opaque));
      } else {
        this.warnings.push(`A container of ${task} is left as it is: only CloudFormation knows it`);
      }
    }
    const mounts = new Map<string, Mount>();
    for (const container of containers) {
      if (!wanted(tags, this.#options.optIn ?? false, container.target.containerName)) continue;
      const build = await this.#build(task, container, containers);
      for (const mount of build?.mounts ?? []) mounts.set(mount.name, mount);
    }
    this.#addMounts(task, list, containers, [...mounts.values()]);
  }

  /** Patches one container; undefined when it is to be left as it is. */
  async #build(task: string, container: Container, all: readonly Container[]): Promise<Build | undefined> {
    const evaluate = { absentTagIsEmpty: true, ...(this.#options.env ? { env: this.#options.env } : {}) };
    const { definition } = this.#options;
    const bare = buildFor(definition, container.target, evaluate);
    if (bare.mounts.some((mount) => isMount(container, mount))) return undefined;
    if (hasMounts(this.template, container, bare, all) && recognise(definition, container.target, evaluate))
      return undefined;
    const target = await this.#withImageConfig(task, container.target);
    if (!target) return undefined;
    const build = target === container.target ? bare : buildFor(definition, target, evaluate);
    const options = { parameterizeEnv: this.#options.parameterizeEnv ?? false };
    writeContainer(this.template, { ...container, target }, build, this.#opaque, options);
    this.#sample ??= container.target;
    this.patched.push(`${task}/${container.target.containerName}`);
    return build;
  }

  /**
   * The target with what its image would run, where it names no entry point of its own. Undefined when
   * that cannot be known: put behind another entry point, half a command line would run something else.
   */
  async #withImageConfig(task: string, target: Target): Promise<Target | undefined> {
    const { lookup } = this.#options;
    if (target.entryPoint.length > 0 || !lookup) return target;
    try {
      if (this.#opaque.holds(target.image)) throw new Error("only CloudFormation knows its image");
      const config = await lookup(target.image);
      const command = target.command.length > 0 ? target.command : config.cmd;
      return { ...target, entryPoint: config.entrypoint, command };
    } catch (error) {
      const where = `${task}/${target.containerName}`;
      const why = `what its image runs is not known: ${reasonOf(error)}`;
      this.warnings.push(`${where} is left as it is: ${why} (name its EntryPoint in the template)`);
      return undefined;
    }
  }

  #addMounts(task: string, list: YAMLSeq, containers: readonly Container[], mounts: readonly Mount[]): void {
    const key = containers[0]?.key ?? ((name: string) => name);
    const added: Value[] = [];
    for (const mount of mounts) {
      const taken = containers.find(({ target }) => target.containerName === mount.name);
      if (!taken) added.push(this.#mountContainer(task, mount, key));
      else if (!isMount(taken, mount)) {
        throw this.template.error(
          taken.map,
          `Cannot add container "${mount.name}" to ${task}: it has one of that name with another image or entry point`,
          "remove what an earlier definition added, or give the definition's mount another name",
        );
      }
    }
    addItems(this.template, list, added);
  }

  #mountContainer(task: string, mount: Mount, key: (name: string) => string): Value {
    const { imageAuthSecret, logGroup } = this.#options;
    const credentials = { [key("CredentialsParameter")]: imageAuthSecret ?? "" };
    // Task definition JSON has no functions: there the region is left to the agent's own.
    const region: { [key: string]: Value } = isMap(this.template.root)
      ? { "awslogs-region": { Ref: "AWS::Region" } }
      : {};
    return {
      [key("Name")]: mount.name,
      [key("Image")]: this.#opaque.restore(mount.image),
      [key("EntryPoint")]: this.#opaque.restoreList(mount.entryPoint),
      ...(imageAuthSecret ? { [key("RepositoryCredentials")]: credentials } : {}),
      ...(logGroup
        ? {
            [key("LogConfiguration")]: {
              [key("LogDriver")]: "awslogs",
              [key("Options")]: { ...region, "awslogs-group": logGroup, "awslogs-stream-prefix": task },
            },
          }
        : {}),
    };
  }

  /** What the definition adds to the environment of a container that has none. */
  #addedVariables(target: Target): Map<string, string> {
    const bare = { ...target, environmentVariables: new Map<string, string>() };
    const options = { absentTagIsEmpty: true, ...(this.#options.env ? { env: this.#options.env } : {}) };
    const { environment } = buildFor(this.#options.definition, bare, options);
    return new Map([...environment].filter(([, value]) => !this.#opaque.holds(value)));
  }
}

function isFargateTask(resource: Node | null): boolean {
  if (!resource || stringOf(fieldOf(resource, "Type")) !== "AWS::ECS::TaskDefinition") return false;
  const needs = itemsOf(fieldOf(fieldOf(resource, "Properties"), "RequiresCompatibilities"));
  return needs?.some((item) => stringOf(item) === "FARGATE") ?? false;
}

/** What a value can be: both branches of `Fn::If`, or itself. `AWS::NoValue` is nothing. */
function alternatives(node: Node | undefined): Node[] {
  const intrinsic = intrinsicOf(node);
  if (!node || !intrinsic) return node ? [node] : [];
  if (intrinsic.name === "Ref")
    return stringOf(fieldOf(node, "Ref")) === "AWS::NoValue" || isNoValue(node) ? [] : [node];
  if (intrinsic.name !== "If") return [node];
  const branches = (intrinsic.argument as { items?: Node[] } | null)?.items ?? [];
  return branches.slice(1, 3).flatMap((branch) => alternatives(branch));
}

const isNoValue = (node: Node): boolean => (node as { value?: unknown }).value === "AWS::NoValue";

/** Whether a container is one that the definition adds. */
function isMount({ target }: Container, mount: Mount): boolean {
  const { containerName, image, entryPoint } = target;
  if (containerName !== mount.name || image !== mount.image) return false;
  return (
    entryPoint.length === mount.entryPoint.length &&
    entryPoint.every((item, i) => item === mount.entryPoint[i])
  );
}

/** Whether a container already mounts all that the definition lends it. */
function hasMounts(
  template: Template,
  { map, key }: Container,
  build: Build,
  all: readonly Container[],
): boolean {
  const from = itemsOf(fieldOf(map, key("VolumesFrom"))) ?? [];
  const names = from.map((item) => stringOf(fieldOf(item, key("SourceContainer"))));
  return build.mounts.every((mount) => {
    if (!names.includes(mount.name)) return false;
    if (all.some(({ target }) => target.containerName === mount.name)) return true;
    throw template.error(
      map,
      `Cannot patch container: it takes volumes from "${mount.name}", which its task does not have`,
    );
  });
}
