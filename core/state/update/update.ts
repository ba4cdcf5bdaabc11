import type { EventCursor } from "../../event/cursor.ts";
import type { State } from "../state.ts";

/** What one type of event teaches. Runs after the event is bound to its thread and descriptor. */
export type Update = (state: State, event: EventCursor) => void;

/** Updates by event code. */
export type UpdateTable = Readonly<Partial<Record<number, Update>>>;

/** The call's return value; -1 when it is missing, so that nothing is learned from it. */
export const resultOf = (event: EventCursor): number => event.int(0, -1);
