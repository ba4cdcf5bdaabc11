import { readFileSync } from "node:fs";
import { FalcoError, reasonOf } from "../../errors.ts";
import type { SocketOwner } from "./listen-address.ts";

/** Number of an account in /etc/passwd or /etc/group, whose third column it is in both. */
function numberOf(name: string, file: string, setting: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  const refuse = (why: string) =>
    new FalcoError("GRPC_ADDRESS", `Cannot give the gRPC socket to "${setting}": ${why}`, {
      hint: "set grpc.socket_owner to USER, USER:GROUP or :GROUP",
    });
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw refuse(reasonOf(cause));
  }
  const row = text.split("\n").find((line) => line.startsWith(`${name}:`));
  const number = Number(row?.split(":")[2]);
  if (!Number.isInteger(number)) throw refuse(`"${name}" is not in ${file}`);
  return number;
}

/** Reads `grpc.socket_owner`: with a group the socket is open to it (mode 0660), else to the owner only. */
export function socketOwner(setting: string, passwd = "/etc/passwd", group = "/etc/group"): SocketOwner {
  if (setting === "") return {};
  const [user = "", groupName = ""] = setting.split(":");
  return {
    ...(user === "" ? {} : { uid: numberOf(user, passwd, setting) }),
    ...(groupName === "" ? {} : { gid: numberOf(groupName, group, setting), mode: 0o660 }),
  };
}
