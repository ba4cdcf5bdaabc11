import { isSeldom } from "../../ffi/seldom.ts";
import type { ConditionNode, MacroNode, TextPos } from "./ast.ts";

export interface MacroProblem {
  readonly message: string;
  /** The macro it is about. */
  readonly name: string;
  readonly pos: TextPos;
}

export interface ResolvedMacros {
  readonly node: ConditionNode;
  /** Names of the macros that were put in, nested ones included. */
  readonly used: ReadonlySet<string>;
  /** The first problem: reference loops come before undefined names. */
  readonly problem: MacroProblem | undefined;
}

/** The body of a macro that may be referred to from here. */
export type MacroLookup = (name: string) => ConditionNode | undefined;

class Resolver {
  readonly used = new Set<string>();
  loop: MacroProblem | undefined;
  unknown: MacroProblem | undefined;
  readonly #visible: MacroLookup;
  readonly #path: string[] = [];

  constructor(visible: MacroLookup) {
    this.#visible = visible;
  }

  resolve(node: ConditionNode): ConditionNode {
    switch (node.kind) {
      case "and":
      case "or": {
        const children = node.children.map((child) => this.resolve(child));
        return children.every((child, i) => child === node.children[i]) ? node : { ...node, children };
      }
      case "not": {
        const child = this.resolve(node.child);
        return child === node.child ? node : { ...node, child };
      }
      case "macro":
        return this.#reference(node);
      default:
        return node;
    }
  }

  #reference(node: MacroNode): ConditionNode {
    const body = this.#visible(node.name);
    if (!body) {
      this.unknown ??= {
        message: `Undefined macro '${node.name}' used in filter.`,
        name: node.name,
        pos: node.pos,
      };
      return node;
    }
    if (this.#path.includes(node.name)) {
      this.loop ??= {
        message: `reference loop in macro '${node.name}'`,
        name: node.name,
        pos: node.pos,
      };
      return node;
    }
    this.#path.push(node.name);
    const resolved = this.resolve(body);
    this.#path.pop();
    this.used.add(node.name);
    return resolved;
  }
}

/** Puts the bodies of macros in place of their names. Trees are shared, not copied: nothing modifies them. */
export function resolveMacros(node: ConditionNode, visible: MacroLookup): ResolvedMacros {
  const resolver = new Resolver(visible);
  const resolved = resolver.resolve(node);
  return { node: resolved, used: resolver.used, problem: resolver.loop ?? resolver.unknown };
}

isSeldom(Resolver.prototype.resolve);
