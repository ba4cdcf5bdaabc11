import { containerOfCgroups } from "../../metadata/cgroup.ts";
import type { Container } from "../../metadata/container.ts";
import { parseContainer } from "../../metadata/container-json.ts";
import { EVENT } from "../../schema/event-codes.ts";
import type { State } from "../state.ts";
import type { Thread } from "../thread.ts";
import type { Update, UpdateTable } from "./update.ts";

const MAX_CONTAINERS = 100_000;

/** Tells from the control groups which container the thread runs in, and on live sources what that is. */
export function learnContainer(state: State, thread: Thread): void {
  const match = containerOfCgroups(thread.cgroups);
  const id = match?.id ?? "";
  if (match && state.findContainer && !state.containers.has(id)) {
    const found = state.findContainer(match);
    if (found) keep(state, found);
  }
  if (id === thread.containerId) return;
  thread.containerId = id;
  state.accounts.learn(id, thread.pid, thread.uid, thread.gid);
}

function keep(state: State, container: Container): void {
  if (state.containers.size >= MAX_CONTAINERS) state.containers.delete(state.containers.keys().next().value!);
  state.containers.set(container.id, container);
}

/** Container events carry what the runtime said, as JSON. */
const added =
  (param: number): Update =>
  (state, event) => {
    const container = parseContainer(event.text(param));
    if (container) keep(state, container);
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
