import { EVENT } from "../../schema/event-codes.ts";
import { EVENTS } from "../../schema/events.ts";
import type { EventId } from "../ebpf/program.ts";
import type { Read } from "./values.ts";

/** How the parameters of an event are got, by their names in the event table. */
export type Filler = Readonly<Record<string, Read>>;
export type FillerSet = Partial<Readonly<Record<EventId, Filler>>>;

/** An event's parameters in the table's order. */
export interface Recipe {
  readonly code: number;
  readonly reads: readonly Read[];
}

/** The filler in the table's order. Names that are missing, or that the event does not have, are errors. */
export function recipe(id: EventId, filler: Filler): Recipe {
  const { code, params } = EVENTS[EVENT[id]]!;
  const names = params.map(({ name }) => name);
  const missing = names.filter((name) => !(name in filler));
  const unknown = Object.keys(filler).filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`${id}: the filler lacks ${missing.join(", ")}`);
  if (unknown.length > 0) throw new Error(`${id}: the event has no ${unknown.join(", ")}`);
  return { code, reads: names.map((name) => filler[name]!) };
}
