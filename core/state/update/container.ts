import { containerIdOf } from "../../metadata/cgroup.ts";
import { parseContainer } from "../../metadata/container-json.ts";
import { EVENT } from "../../schema/event-codes.ts";
import type { State } from "../state.ts";
import type { Thread } from "../thread.ts";
import type { Update, UpdateTable } from "./update.ts";

const MAX_CONTAINERS = 100_000;

/** Tells from the control groups which container the thread runs in. */
export function learnContainer(state: State, thread: Thread): void {
  const id = containerIdOf(thread.cgroups);
  if (id === thread.containerId) return;
  thread.containerId = id;
  state.accounts.learn(id, thread.pid, thread.uid, thread.gid);
}

/** Container events carry what the runtime said, as JSON. */
const added =
  (param: number): Update =>
  (state, event) => {
    const container = parseContainer(event.text(param));
    if (!container) return;
    if (state.containers.size >= MAX_CONTAINERS)
      state.containers.delete(state.containers.keys().next().value!);
    state.containers.set(container.id, container);
  };

const addedFromJson = added(0);
const ASYNC = { name: 1, data: 2 } as const;
const addedFromAsync = added(ASYNC.data);

const async: Update = (state, event) => {
  const name = event.text(ASYNC.name);
  if (name === "container") addedFromAsync(state, event);
  else if (name === "container_removed") {
    const container = parseContainer(event.text(ASYNC.data));
    if (container) forgetContainer(state, container.id);
  }
};

/** Drops what is known of a container. */
export function forgetContainer(state: State, id: string): void {
  state.containers.delete(id);
  state.accounts.removeContainer(id);
}

export const containerUpdates: UpdateTable = {
  [EVENT.CONTAINER_JSON_E]: addedFromJson,
  [EVENT.CONTAINER_JSON_2_E]: addedFromJson,
  [EVENT.ASYNCEVENT_E]: async,
};
