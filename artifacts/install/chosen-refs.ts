import { FalcoError } from "../../core/errors.ts";

/** What the command line names, or else the configuration; nothing in either is an error that says where to put it. */
export function chosenRefs(
  given: readonly string[],
  configured: readonly string[],
  command: "install" | "follow",
): readonly string[] {
  const refs = given.length > 0 ? given : configured;
  if (refs.length > 0) return refs;
  throw new FalcoError("USAGE", `Cannot ${command} anything: no artifact is named`, {
    hint: `name some, or configure artifact.${command}.refs`,
  });
}
