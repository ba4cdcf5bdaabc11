import { UNSET_ID } from "../state/thread.ts";
import { type Field, field, fieldClass } from "./field.ts";
import { ofThread } from "./proc.ts";

const NA = "<NA>";

const text = (description: string, read: Field["read"]): Omit<Field, "name"> =>
  field("CHARBUF", description, read);

/** Fields of the user that a process runs as. */
export const user = fieldClass("user", "The user of the process behind the event", ["syscall"], {
  "user.uid": field(
    "UINT32",
    "Effective user id.",
    ofThread((t) => t.uid),
    { format: "ID" },
  ),
  "user.name": text(
    "User name.",
    ofThread((t, { state }) => state.userName(t.uid) || (t.uid === 0 ? "root" : NA)),
  ),
  "user.homedir": text(
    "Home directory.",
    ofThread((t, { state }) => state.user(t.uid)?.home || (t.uid === 0 ? "/root" : NA)),
  ),
  "user.shell": text(
    "Login shell.",
    ofThread((t, { state }) => state.user(t.uid)?.shell || NA),
  ),
  "user.loginuid": field(
    "INT64",
    "Id of the user who logged in, whatever the process became since; -1 for none.",
    ofThread((t) => (t.loginUid === UNSET_ID ? -1 : t.loginUid)),
    { format: "ID" },
  ),
  "user.loginname": text(
    "Name of the user who logged in.",
    ofThread((t, { state }) => state.userName(t.loginUid) || (t.loginUid === 0 ? "root" : NA)),
  ),
});

/** Fields of the group that a process runs as. */
export const group = fieldClass("group", "The group of the process behind the event", ["syscall"], {
  "group.gid": field(
    "UINT32",
    "Effective group id.",
    ofThread((t) => t.gid),
    { format: "ID" },
  ),
  "group.name": text(
    "Group name.",
    ofThread((t, { state }) => state.groupName(t.gid) || (t.gid === 0 ? "root" : NA)),
  ),
});
