import { type Declared, type Field, type FieldTraits, field, type Reader } from "./field.ts";
import { type Json, jsonAt, jsonText, memberOf } from "./json-document.ts";
import { eachAt, eachElementAt, eachTextAt, ofAudit, repositoryOf, texts } from "./ka-values.ts";

type List = readonly string[];
type ListReader = Reader<List | undefined>;

const INDEXED: FieldTraits = { list: true, arg: "optional", argKind: ["INDEX"] };

/** A list, of which an argument chooses the part that belongs to one element. */
export const indexed = (description: string, read: ListReader): Omit<Field, "name"> =>
  field("CHARBUF", description, read, INDEXED);

const spec = (list: string, ...path: string[]): string[] => ["requestObject", "spec", list, ...path];

/** Images of all containers; nothing when one names none, since a rule may ask whether all of them are known. */
function images(list: string, show: (image: string) => string): ListReader {
  return ofAudit((event, arg) => {
    const values = eachAt(event, spec(list, "image"), arg?.index);
    return values?.includes(undefined) ? undefined : values && texts(values).map(show);
  });
}

/** A command line of each container that has one. */
function words(list: string, member: string): ListReader {
  return ofAudit((event, arg) => {
    const lines: string[] = [];
    for (const value of eachAt(event, spec(list, member), arg?.index) ?? []) {
      if (value === undefined) continue;
      if (!Array.isArray(value) || value.some((word) => typeof word !== "string")) return undefined;
      lines.push(value.join(" "));
    }
    return lines;
  });
}

/** Ports on the host; a port without one is the container's, which is the host's when they share the network. */
function hostPorts(list: string): ListReader {
  return ofAudit((event, arg) => {
    const found: Json[] = [];
    for (const ports of eachAt(event, spec(list, "ports"), arg?.index) ?? []) {
      if (ports === undefined) continue;
      if (!Array.isArray(ports)) return undefined;
      for (const port of ports) {
        const number = memberOf(port, "hostPort") ?? memberOf(port, "containerPort");
        if (number !== undefined) found.push(number);
      }
    }
    return found.map(jsonText);
  });
}

/** What each container runs as: what it says, else what its pod says, else root. */
function effective(list: string, member: string): ListReader {
  return ofAudit((event, arg) => {
    const ofPod = jsonAt(event, ["requestObject", "spec", "securityContext", member]) ?? 0;
    return eachAt(event, spec(list, "securityContext", member), arg?.index)?.map((own) =>
      jsonText(own ?? ofPod),
    );
  });
}

/** The fields of one of a pod's lists of containers; `who` is how descriptions call them. */
export function containerFields(list: string, who: string, hasPorts: boolean): Declared {
  const security = (...path: string[]): ListReader => eachTextAt(...spec(list, "securityContext", ...path));
  const declared: [string, string, ListReader][] = [
    ["name", `Names of a requested pod's ${who}.`, eachTextAt(...spec(list, "name"))],
    ["image", `Images of a requested pod's ${who}.`, images(list, (image) => image)],
    [
      "image.repository",
      `Images of a requested pod's ${who}, without tag and digest.`,
      images(list, repositoryOf),
    ],
    ["command", `Commands of a requested pod's ${who}, each as one line.`, words(list, "command")],
    ["args", `Arguments of a requested pod's ${who}, each list as one line.`, words(list, "args")],
    [
      "privileged",
      `Whether a requested pod's ${who} are privileged, where they say.`,
      security("privileged"),
    ],
    [
      "allow_privilege_escalation",
      `Whether a requested pod's ${who} may gain privileges, where they say.`,
      security("allowPrivilegeEscalation"),
    ],
    [
      "read_only_fs",
      `Whether a requested pod's ${who} have a read-only root, where they say.`,
      security("readOnlyRootFilesystem"),
    ],
    ["run_as_user", `User ids that a requested pod's ${who} ask for.`, security("runAsUser")],
    [
      "eff_run_as_user",
      `User ids that a requested pod's ${who} start with: their own, the pod's, or 0.`,
      effective(list, "runAsUser"),
    ],
    ["run_as_group", `Group ids that a requested pod's ${who} ask for.`, security("runAsGroup")],
    [
      "eff_run_as_group",
      `Group ids that a requested pod's ${who} start with: their own, the pod's, or 0.`,
      effective(list, "runAsGroup"),
    ],
    ["proc_mount", `How a requested pod's ${who} see /proc, where they say.`, security("procMount")],
    [
      "add_capabilities",
      `Capabilities that a requested pod's ${who} add.`,
      eachElementAt(...spec(list, "securityContext", "capabilities", "add")),
    ],
    ...(hasPorts
      ? [
          ["host_port", `Ports of the host that a requested pod's ${who} use.`, hostPorts(list)] as [
            string,
            string,
            ListReader,
          ],
        ]
      : []),
  ];
  return Object.fromEntries(
    declared.map(([name, description, read]) => [`ka.req.pod.${list}.${name}`, indexed(description, read)]),
  );
}
