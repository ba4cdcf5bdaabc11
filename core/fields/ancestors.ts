import { ancestorOf } from "../state/lookup.ts";
import type { State } from "../state/state.ts";
import type { Thread } from "../state/thread.ts";
import { type Context, type Field, type FieldRead, field } from "./field.ts";

/** Walks parents of a thread upwards, itself excluded; a loop of parents ends the walk. */
export function* ancestorsOf(state: State, thread: Thread): Generator<Thread> {
  const seen = new Set<number>([thread.tid]);
  for (let at = state.threads.get(thread.ptid); at && !seen.has(at.tid); at = state.threads.get(at.ptid)) {
    seen.add(at.tid);
    yield at;
  }
}

export const hasAncestor = ({ state }: Context): boolean =>
  state.thread !== undefined && ancestorsOf(state, state.thread).next().done !== true;

interface AncestorOptions {
  /** Without an index, conditions hold if any ancestor satisfies them; otherwise they see the joined text. */
  readonly anyAncestor: boolean;
  /** Without an index, outputs show this rather than all ancestors joined. */
  readonly bare?: (context: Context) => FieldRead;
}

/**
 * A field of an ancestor: `[0]` is the process, `[1]` its parent, and so on. Without index, outputs show the
 * values of all ancestors, nearest first.
 */
export function ancestorField(
  type: Field["type"],
  description: string,
  read: (thread: Thread, context: Context) => FieldRead,
  options: AncestorOptions,
): Omit<Field, "name"> {
  const joined = (context: Context): string | undefined => {
    const { state } = context;
    if (!state.thread) return undefined;
    let text = "";
    for (const ancestor of ancestorsOf(state, state.thread)) {
      if (text !== "") text += " ";
      text += String(read(ancestor, context) ?? "");
    }
    return text === "" ? undefined : text;
  };
  return field(
    type,
    description,
    (context, arg) => {
      if (!arg) return (options.bare ?? joined)(context);
      const { state } = context;
      const ancestor = state.thread && ancestorOf(state, state.thread, arg.index!);
      return ancestor && read(ancestor, context);
    },
    {
      arg: "optional",
      ...(options.anyAncestor ? { noRhs: true, noTransformers: true } : {}),
      ...(type === "PID" || type === "INT64" ? { format: "ID" as const } : {}),
      checkArg: ({ index, text }) =>
        index === undefined ? `"${text}" is not a number of generations` : undefined,
      ...(options.anyAncestor
        ? {
            present: hasAncestor,
            anyOf: (context: Context) =>
              context.state.thread
                ? Array.from(ancestorsOf(context.state, context.state.thread), (t) => read(t, context))
                : [],
          }
        : {}),
    },
  );
}
