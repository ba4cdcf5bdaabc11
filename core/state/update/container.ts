import { isSeldom } from "../../ffi/seldom.ts";
import { containerOfCgroups } from "../../metadata/cgroup.ts";
import type { Container } from "../../metadata/container.ts";
import { parseContainer } from "../../metadata/container-json.ts";
import type { Ancestor } from "../../metadata/monitor.ts";
import { EVENT } from "../../schema/event-codes.ts";
import type { State } from "../state.ts";
import type { Thread } from "../thread.ts";
import type { Update, UpdateTable } from "./update.ts";

/** One that is dropped for want of room is looked up again when it is next seen. */
const MAX_CONTAINERS = 10_000;
/** A runtime's monitor is a few processes above a container's first. */
const MAX_ANCESTORS = 16;

/** Tells from the control groups which container the thread runs in, and on live sources what that is. */
export function learnContainer(state: State, thread: Thread): void {
  const match = containerOfCgroups(thread.cgroups);
  const id = match?.id ?? "";
  if (match && state.findContainer) {
    const found = state.findContainer(match, state.containers.get(id), ancestors(state, thread));
    if (found) keep(state, found);
  }
  if (id === thread.containerId) return;
  thread.containerId = id;
  state.accounts.learn(id, thread.pid, thread.uid, thread.gid);
}

/** The processes above a thread's, as far as they are known. */
function* ancestors(state: State, thread: Thread): Generator<Ancestor> {
  let above = state.threads.get(thread.ptid);
  for (let i = 0; above && i < MAX_ANCESTORS; i++) {
    const leader = above.leader ?? above;
    yield leader;
    above = state.threads.get(leader.ptid);
  }
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

isSeldom(learnContainer);

export const containerUpdates: UpdateTable = {
  [EVENT.CONTAINER_JSON_E]: addedFromJson,
  [EVENT.CONTAINER_JSON_2_E]: addedFromJson,
  [EVENT.ASYNCEVENT_E]: async,
};
