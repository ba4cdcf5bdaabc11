import { isMap, isSeq, type Node, type YAMLMap } from "yaml";
import type { Build } from "../build.ts";
import type { Target } from "../target.ts";
import { addFields, addItems, prependItems, replaceValue } from "../template/change.ts";
import { intrinsicOf } from "../template/long-form.ts";
import type { Value } from "../template/render.ts";
import { fieldOf, isTagged, itemsOf, pairOf, stringOf, type Template } from "../template/template.ts";
import type { Opaque } from "./opaque.ts";
import { parameterName } from "./parameters.ts";

/** A container definition in a template, and what it is to a definition. */
export interface Container {
  readonly map: YAMLMap;
  readonly target: Target;
  /** Each spells its field as the template does (`EntryPoint`, or `entryPoint` in task definition JSON). */
  readonly key: (name: string) => string;
}

/** Reads a container definition; what only CloudFormation knows becomes placeholders. */
export function readContainer(
  template: Template,
  map: YAMLMap,
  group: string,
  metadata: ReadonlyMap<string, string>,
  opaque: Opaque,
): Container {
  const isCamel = pairOf(map, "name") !== undefined;
  const key = (name: string): string => (isCamel ? name[0]!.toLowerCase() + name.slice(1) : name);
  const get = (name: string): Node | undefined => fieldOf(map, key(name));
  const list = (name: string): string[] => {
    const node = get(name);
    const items = itemsOf(node);
    return items ? items.map((item) => opaque.text(item)) : node && !isEmpty(node) ? opaque.list(node) : [];
  };
  const environment = new Map<string, string>();
  for (const item of itemsOf(get("Environment")) ?? []) {
    const name = fieldOf(item, key("Name"));
    if (!name) continue;
    const text = stringOf(name);
    if (text === undefined)
      throw template.error(name, "Cannot patch container: the name of a variable must be plain text");
    environment.set(text, opaque.text(fieldOf(item, key("Value"))));
  }
  const target = {
    image: opaque.text(get("Image")),
    containerName: opaque.text(get("Name")),
    containerGroupName: group,
    entryPoint: list("EntryPoint"),
    command: list("Command"),
    environmentVariables: environment,
    metadata,
  };
  return { map, key, target };
}

const isEmpty = (node: Node): boolean => node.range?.[0] === node.range?.[1];

export interface WriteOptions {
  /** Variables that the definition adds are set by a reference to a template parameter. */
  readonly parameterizeEnv: boolean;
}

/** Writes what the definition made of a container into the template, changing only what differs. */
export function writeContainer(
  template: Template,
  { map, key, target }: Container,
  build: Build,
  opaque: Opaque,
  options: WriteOptions,
): void {
  const added: { [key: string]: Value } = {};
  const set = (name: string, value: Value): void => {
    const pair = pairOf(map, key(name));
    if (pair) replaceValue(template, pair, value);
    else added[key(name)] = value;
  };
  const setList = (name: string, before: readonly string[], after: readonly string[]): void => {
    const node = fieldOf(map, key(name));
    if (node ? sameList(before, after) : after.length === 0) return;
    if (isSeq(node) && !isTagged(node) && extendList(template, node, before, after, opaque)) return;
    set(name, opaque.restoreList(after));
  };
  if (build.image !== target.image) set("Image", opaque.restore(build.image));
  setList("EntryPoint", readList(map, key("EntryPoint"), target.entryPoint), build.entryPoint);
  setList("Command", readList(map, key("Command"), target.command), build.command);
  writeEnvironment(template, { map, key, target }, build, opaque, options, added);
  writeVolumes(template, { map, key, target }, build, added);
  writeCapability(template, { map, key, target }, added);
  addFields(template, map, added);
}

/** What stands in the template itself: a list that came from the image's configuration does not. */
const readList = (map: YAMLMap, name: string, known: readonly string[]): readonly string[] =>
  fieldOf(map, name) ? known : [];

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i]);

/** Adds items around those that are there, if those all stay in a row: their comments stay with them. */
function extendList(
  template: Template,
  seq: Node & { items: unknown[] },
  before: readonly string[],
  after: readonly string[],
  opaque: Opaque,
): boolean {
  if (!isSeq(seq) || before.length === 0) return false;
  const at = after.findIndex((_, i) => sameList(before, after.slice(i, i + before.length)));
  if (at < 0) return false;
  const restored = opaque.restoreList([...after.slice(0, at), ...after.slice(at + before.length)]);
  if (!Array.isArray(restored)) return false;
  prependItems(template, seq, restored.slice(0, at));
  addItems(template, seq, restored.slice(at));
  return true;
}

function writeEnvironment(
  template: Template,
  { map, key, target }: Container,
  build: Build,
  opaque: Opaque,
  options: WriteOptions,
  added: { [key: string]: Value },
): void {
  const node = fieldOf(map, key("Environment"));
  const fresh: Value[] = [];
  for (const [name, value] of build.environment) {
    const before = target.environmentVariables.get(name);
    if (before === undefined) {
      const isParameter = options.parameterizeEnv && !opaque.holds(value);
      const set = isParameter ? { Ref: parameterName(name) } : opaque.restore(value);
      fresh.push({ [key("Name")]: name, [key("Value")]: set });
    } else if (before !== value && !options.parameterizeEnv) {
      for (const item of itemsOf(node) ?? []) {
        if (stringOf(fieldOf(item, key("Name"))) !== name || !isMap(item)) continue;
        const pair = pairOf(item, key("Value"));
        if (pair) replaceValue(template, pair, opaque.restore(value));
        else addFields(template, item, { [key("Value")]: opaque.restore(value) });
      }
    }
  }
  addToList(template, map, key("Environment"), fresh, added);
}

function writeVolumes(
  template: Template,
  { map, key }: Container,
  build: Build,
  added: { [key: string]: Value },
): void {
  const present = (itemsOf(fieldOf(map, key("VolumesFrom"))) ?? []).map((item) =>
    stringOf(fieldOf(item, key("SourceContainer"))),
  );
  const fresh = build.mounts
    .filter(({ name }) => !present.includes(name))
    .map(({ name }): Value => ({ [key("ReadOnly")]: true, [key("SourceContainer")]: name }));
  addToList(template, map, key("VolumesFrom"), fresh, added);
}

/** SYS_PTRACE is the one capability that Fargate lets a task add, so the list becomes just that. */
function writeCapability(template: Template, { map, key }: Container, added: { [key: string]: Value }): void {
  const names = ["LinuxParameters", "Capabilities", "Add"].map(key);
  let at: YAMLMap = map;
  for (const [depth, name] of names.entries()) {
    const pair = pairOf(at, name);
    const isLast = depth === names.length - 1;
    if (pair?.value && !isLast && isMap(pair.value) && !intrinsicOf(pair.value)) {
      at = pair.value;
      continue;
    }
    if (pair?.value && !isLast && !isEmpty(pair.value)) {
      throw template.error(pair.value, `Cannot patch container: ${name} must be a plain object`);
    }
    const items = isLast ? itemsOf(pair?.value) : undefined;
    if (items?.length === 1 && stringOf(items[0]) === "SYS_PTRACE") return;
    const value = names
      .slice(depth + 1)
      .reduceRight<Value>((inner, key) => ({ [key]: inner }), ["SYS_PTRACE"]);
    if (pair) replaceValue(template, pair, value);
    else if (at === map) added[name] = value;
    else addFields(template, at, { [name]: value });
    return;
  }
}

/** Adds items to a list field, which is made when there is none. */
function addToList(
  template: Template,
  map: YAMLMap,
  name: string,
  items: readonly Value[],
  added: { [key: string]: Value },
): void {
  if (items.length === 0) return;
  const pair = pairOf(map, name);
  if (!pair) added[name] = items;
  else if (isSeq(pair.value) && !isTagged(pair.value)) addItems(template, pair.value, items);
  else if (!pair.value || isEmpty(pair.value)) replaceValue(template, pair, items);
  else {
    throw template.error(
      pair.value,
      `Cannot patch container: ${name} must be a plain list to be added to`,
      "write the list out, or leave this container out with the tag kilt-ignore-containers",
    );
  }
}
