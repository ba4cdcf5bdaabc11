import { ScapSource } from "../../core/capture/scap/scap-source.ts";
import { Engine } from "../../core/engine/engine.ts";
import type { Context } from "../../core/fields/field.ts";
import { State } from "../../core/state/state.ts";

/** Runs a capture through the engine and shows each event while it is current. */
export async function replay(file: string, onEvent: (context: Context) => void): Promise<State> {
  const state = new State();
  const matching = { match: (context: Context) => onEvent(context) };
  const engine = new Engine(state, matching, () => {});
  const source = new ScapSource(file);
  await source.open(engine);
  while ((await source.pump(engine)) >= 0);
  source.close();
  return state;
}
