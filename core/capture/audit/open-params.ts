import { FalcoError } from "../../errors.ts";
import type { OpenParam } from "../plugin/plugin.ts";

/** Where audit events are to come from. */
export type AuditOrigin =
  | {
      readonly kind: "webhook";
      readonly tls: boolean;
      /** Empty for all addresses. */
      readonly host: string;
      readonly port: number;
      readonly path: string;
    }
  /** What is appended to a file. */
  | { readonly kind: "follow"; readonly file: string }
  /** What is in a file, or in the files of a directory. */
  | { readonly kind: "read"; readonly path: string };

/** What `open_params` may be, by example. */
export const AUDIT_OPEN_PARAMS: readonly OpenParam[] = [
  { value: "http://:9765/k8s-audit", description: "Serve a webhook, here on all addresses" },
  { value: "https://:9765/k8s-audit", description: "Serve a webhook over TLS" },
  { value: "file:///var/log/kube-apiserver/audit.log", description: "Follow a file from its end on" },
  { value: "/tmp/audit.log", description: "Read a file, or all files of a directory, and end" },
];

const bad = (why: string): FalcoError =>
  new FalcoError("PLUGIN_OPEN", `Cannot open plugin k8saudit: ${why}`, {
    hint: `open_params are, for example, ${AUDIT_OPEN_PARAMS[0]!.value} or ${AUDIT_OPEN_PARAMS[2]!.value}`,
  });

/** Reads `open_params`. Throws PLUGIN_OPEN for what they can't be. */
export function auditOrigin(params: string): AuditOrigin {
  const trimmed = params.trim();
  if (trimmed === "") throw bad("its open_params are empty");
  const url = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)/i.exec(trimmed);
  if (!url) return { kind: "read", path: trimmed };
  const [, scheme = "", authority = "", path = ""] = url;
  switch (scheme.toLowerCase()) {
    case "http":
      return webhook(authority, path, false);
    case "https":
      return webhook(authority, path, true);
    case "file":
      return { kind: "follow", file: decoded(authority + path) };
    default:
      throw bad(`scheme "${scheme}" is not supported`);
  }
}

function webhook(authority: string, path: string, tls: boolean): AuditOrigin {
  const [, v6, name, digits] = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(authority) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) throw bad(`"${authority}" is no address with a port`);
  return { kind: "webhook", tls, host: v6 ?? name ?? "", port, path: decoded(path) || "/" };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw bad(`"${path}" is badly encoded`);
  }
}
