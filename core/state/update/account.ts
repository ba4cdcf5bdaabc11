import { EVENT } from "../../schema/event-codes.ts";
import type { Update, UpdateTable } from "./update.ts";

/** User events: uid, gid, name, home, shell, container id. */
const userAdded: Update = (state, event) =>
  state.accounts.addUser(event.text(5), {
    uid: event.uint(0, 0),
    gid: event.uint(1, 0),
    name: event.text(2),
    home: event.text(3),
    shell: event.text(4),
  });

/** Group events: gid, name, container id. */
const groupAdded: Update = (state, event) =>
  state.accounts.addGroup(event.text(2), { gid: event.uint(0, 0), name: event.text(1) });

export const accountUpdates: UpdateTable = {
  [EVENT.USER_ADDED_E]: userAdded,
  [EVENT.USER_DELETED_E]: (state, event) => state.accounts.removeUser(event.text(5), event.uint(0, 0)),
  [EVENT.GROUP_ADDED_E]: groupAdded,
  [EVENT.GROUP_DELETED_E]: (state, event) => state.accounts.removeGroup(event.text(2), event.uint(0, 0)),
};
