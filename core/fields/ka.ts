import { type Field, type FieldArg, type FieldTraits, field, fieldClass, type Reader } from "./field.ts";
import { type Json, jsonAt, jsonText, memberOf } from "./json-document.ts";
import { containerFields, indexed } from "./ka-containers.ts";
import {
  eachAt,
  eachElementAt,
  eachTextAt,
  listAt,
  ofAudit,
  repositoryOf,
  textAt,
  texts,
} from "./ka-values.ts";

/** The event source of Kubernetes audit events. */
export const K8S_AUDIT = "k8s_audit";

const KEY: FieldTraits = { arg: "required", argKind: ["KEY"] };

type TextReader = Reader<string | undefined>;
type ListReader = Reader<readonly string[] | undefined>;
const text = (description: string, read: TextReader, traits?: FieldTraits): Omit<Field, "name"> =>
  field("CHARBUF", description, read, traits);
const list = (description: string, read: ListReader): Omit<Field, "name"> =>
  field("CHARBUF", description, read, { list: true });

const annotation = (name: string): TextReader => textAt("annotations", name);
const VOLUMES = ["requestObject", "spec", "volumes"];
const HOST_PATHS = [...VOLUMES, "hostPath", "path"];

/** A parameter of the request's query; the first of that name. */
function uriParam(event: Json, arg: FieldArg | undefined): string | undefined {
  const uri = jsonAt(event, ["requestURI"]);
  if (typeof uri !== "string" || !arg) return undefined;
  const query = uri.indexOf("?");
  if (query < 0) return undefined;
  return new URLSearchParams(uri.slice(query + 1).split("#", 1)[0]).get(arg.text) ?? undefined;
}

/** The name of the pod that a request on pods was answered with. */
function podName(event: Json): string | undefined {
  const target = jsonAt(event, ["objectRef"]);
  if (memberOf(target, "resource") !== "pods" || (memberOf(target, "subresource") ?? "") !== "")
    return undefined;
  const name = jsonAt(event, ["responseObject", "metadata", "name"]);
  return name === undefined ? undefined : jsonText(name);
}

/** Names of a binding's subjects of a kind. */
function subjects(
  kind: string,
  show: (name: string, subject: Json) => string | undefined = (name) => name,
): ListReader {
  return ofAudit((event) => {
    const all = jsonAt(event, ["requestObject", "subjects"]);
    if (!Array.isArray(all)) return undefined;
    return all.flatMap((subject: Json) => {
      const name = memberOf(subject, "name");
      return memberOf(subject, "kind") === kind && name !== undefined
        ? (show(jsonText(name), subject) ?? [])
        : [];
    });
  });
}

const inNamespace = (name: string, subject: Json): string | undefined => {
  const namespace = memberOf(subject, "namespace");
  return namespace === undefined ? undefined : `${jsonText(namespace)}:${name}`;
};

const firstImage = (show: (image: string) => string): TextReader =>
  ofAudit((event) => {
    const image = jsonAt(event, ["requestObject", "spec", "containers", "0", "image"]);
    return image === undefined ? undefined : show(jsonText(image));
  });

/** Whether any container is privileged, as a word. */
function anyPrivileged(event: Json): string | undefined {
  const path = ["requestObject", "spec", "containers", "securityContext", "privileged"];
  const values = eachAt(event, path, undefined);
  return values && String(values.includes(true));
}

/** Whether a volume is the path of the host that the argument names, or starts with it when a `*` follows. */
function usesHostPath(event: Json, arg: FieldArg | undefined): string | undefined {
  const values = eachAt(event, HOST_PATHS, undefined);
  if (!values || !arg) return undefined;
  const wanted = arg.text;
  const isPrefix = wanted.endsWith("*");
  return String(
    texts(values).some((path) => path === wanted || (isPrefix && path.startsWith(wanted.slice(0, -1)))),
  );
}

/** What the volumes are: their members but the name. */
const volumeTypes: ListReader = ofAudit((event, arg) => {
  const volumes = jsonAt(event, VOLUMES);
  if (!Array.isArray(volumes)) return undefined;
  const some = arg?.index === undefined ? volumes : volumes.slice(arg.index, arg.index + 1);
  return some.flatMap((volume: Json) =>
    typeof volume === "object" && volume !== null ? Object.keys(volume).filter((key) => key !== "name") : [],
  );
});

/** The ports, as the one list that a service has. */
const servicePorts: ListReader = ofAudit((event, arg) => {
  const values = eachAt(event, ["requestObject", "spec", "ports"], arg?.index);
  return values && texts(values);
});

/**
 * Fields of Kubernetes audit events (audit.k8s.io/v1), as the plugin k8saudit has them. Where its code and its
 * descriptions disagree, these do what the descriptions say: `ka.sourceips` are the event's, ids in effect come from
 * the security contexts, added capabilities are single ones, all volumes are looked at for a path.
 */
export const ka = fieldClass("k8saudit", "Kubernetes audit events", [K8S_AUDIT], {
  "ka.auditid": text("Unique id of the request.", textAt("auditID")),
  "ka.stage": text(
    "Stage of the request: RequestReceived, ResponseStarted, ResponseComplete or Panic.",
    textAt("stage"),
  ),
  "ka.auth.decision": text(
    "Decision of the authorizer: allow or forbid.",
    annotation("authorization.k8s.io/decision"),
  ),
  "ka.auth.reason": text("Why the authorizer decided so.", annotation("authorization.k8s.io/reason")),
  "ka.auth.openshift.decision": text(
    "Decision of OpenShift's authentication: allow, deny or error.",
    annotation("authentication.openshift.io/decision"),
  ),
  "ka.auth.openshift.username": text(
    "User name that OpenShift's authentication was about.",
    annotation("authentication.openshift.io/username"),
  ),
  "ka.validations.admission.policy.failure": text(
    "What a validating admission policy found wrong.",
    annotation("validation.policy.admission.k8s.io/validation_failure"),
  ),
  "ka.security.pod.violations": text(
    "What violates the pod security standard that is audited.",
    annotation("pod-security.kubernetes.io/audit-violations"),
  ),
  "ka.user.name": text("Name of the user who makes the request.", textAt("user", "username")),
  "ka.user.groups": list("Groups of the user who makes the request.", listAt("user", "groups")),
  "ka.impuser.name": text(
    "Name of the user that the request impersonates.",
    textAt("impersonatedUser", "username"),
  ),
  "ka.verb": text("What is to be done: get, create, delete, ….", textAt("verb")),
  "ka.uri": text("URI of the request as the client sent it.", textAt("requestURI")),
  "ka.uri.param": text(
    "A parameter of the request's query, as in ka.uri.param[command].",
    ofAudit(uriParam),
    KEY,
  ),
  "ka.target.name": text("Name of the object that the request is about.", textAt("objectRef", "name")),
  "ka.target.namespace": text(
    "Namespace of the object that the request is about.",
    textAt("objectRef", "namespace"),
  ),
  "ka.target.resource": text(
    "Resource of the object that the request is about: pods, secrets, ….",
    textAt("objectRef", "resource"),
  ),
  "ka.target.subresource": text(
    "Subresource that the request is about: exec, log, ….",
    textAt("objectRef", "subresource"),
  ),
  "ka.target.pod.name": text("Name of the pod that the request was answered with.", ofAudit(podName)),
  "ka.req.binding.subjects": list(
    "Subjects of a requested binding, each as JSON.",
    listAt("requestObject", "subjects"),
  ),
  "ka.req.binding.subjects.user_names": list("Users in a requested binding.", subjects("User")),
  "ka.req.binding.subjects.serviceaccount_names": list(
    "Service accounts in a requested binding.",
    subjects("ServiceAccount"),
  ),
  "ka.req.binding.subjects.serviceaccount_ns_names": list(
    "Service accounts in a requested binding, as namespace:name.",
    subjects("ServiceAccount", inNamespace),
  ),
  "ka.req.binding.subjects.group_names": list("Groups in a requested binding.", subjects("Group")),
  "ka.req.binding.role": text("Role of a requested binding.", textAt("requestObject", "roleRef", "name")),
  "ka.req.binding.subject.has_name": text(
    "Always true; there for old rules.",
    ofAudit(() => "true"),
    KEY,
  ),
  "ka.req.configmap.name": text(
    "Name of the config map that the request is about.",
    textAt("objectRef", "name"),
  ),
  "ka.req.configmap.obj": text("Data of a requested config map, as JSON.", textAt("requestObject", "data")),
  ...containerFields("containers", "containers", true),
  "ka.req.container.image": text(
    "Image of a requested pod's first container; use ka.req.pod.containers.image.",
    firstImage((image) => image),
  ),
  "ka.req.container.image.repository": text(
    "The same without tag and digest; use ka.req.pod.containers.image.repository.",
    firstImage(repositoryOf),
  ),
  "ka.req.pod.host_ipc": text(
    "Whether a requested pod shares the host's IPC.",
    textAt("requestObject", "spec", "hostIPC"),
  ),
  "ka.req.pod.host_network": text(
    "Whether a requested pod shares the host's network.",
    textAt("requestObject", "spec", "hostNetwork"),
  ),
  "ka.req.container.host_network": text(
    "Old name of ka.req.pod.host_network.",
    textAt("requestObject", "spec", "hostNetwork"),
  ),
  "ka.req.pod.host_pid": text(
    "Whether a requested pod sees the host's processes.",
    textAt("requestObject", "spec", "hostPID"),
  ),
  "ka.req.container.privileged": text(
    "Whether any container of a requested pod is privileged; use ka.req.pod.containers.privileged.",
    ofAudit(anyPrivileged),
  ),
  "ka.req.pod.run_as_user": text(
    "User id that a requested pod gives its containers.",
    textAt("requestObject", "spec", "securityContext", "runAsUser"),
  ),
  "ka.req.pod.run_as_group": text(
    "Group id that a requested pod gives its containers.",
    textAt("requestObject", "spec", "securityContext", "runAsGroup"),
  ),
  "ka.req.role.rules": list("Rules of a requested role, each as JSON.", listAt("requestObject", "rules")),
  "ka.req.role.rules.apiGroups": indexed(
    "API groups in the rules of a requested role.",
    eachElementAt("requestObject", "rules", "apiGroups"),
  ),
  "ka.req.role.rules.nonResourceURLs": indexed(
    "URLs beside resources in the rules of a requested role.",
    eachElementAt("requestObject", "rules", "nonResourceURLs"),
  ),
  "ka.req.role.rules.verbs": indexed(
    "Verbs in the rules of a requested role.",
    eachElementAt("requestObject", "rules", "verbs"),
  ),
  "ka.req.role.rules.resources": indexed(
    "Resources in the rules of a requested role.",
    eachElementAt("requestObject", "rules", "resources"),
  ),
  "ka.req.pod.fs_group": text(
    "Group id that owns a requested pod's volumes.",
    textAt("requestObject", "spec", "securityContext", "fsGroup"),
  ),
  "ka.req.pod.supplemental_groups": list(
    "Further group ids that a requested pod gives its containers.",
    listAt("requestObject", "spec", "securityContext", "supplementalGroups"),
  ),
  "ka.req.service.type": text(
    "Type of a requested service: ClusterIP, NodePort, ….",
    textAt("requestObject", "spec", "type"),
  ),
  "ka.req.service.ports": indexed("Ports of a requested service, as JSON.", servicePorts),
  "ka.req.pod.volumes.hostpath": indexed(
    "Paths of the host that a requested pod mounts.",
    eachTextAt(...HOST_PATHS),
  ),
  "ka.req.volume.hostpath": text(
    "Whether a requested pod mounts a path of the host, as in ka.req.volume.hostpath[/proc*]; use ka.req.pod.volumes.hostpath.",
    ofAudit(usesHostPath),
    KEY,
  ),
  "ka.req.pod.volumes.flexvolume_driver": indexed(
    "Drivers of the flex volumes that a requested pod mounts.",
    eachTextAt(...VOLUMES, "flexVolume", "driver"),
  ),
  "ka.req.pod.volumes.volume_type": indexed("Types of the volumes that a requested pod mounts.", volumeTypes),
  "ka.resp.name": text("Name of the object in the response.", textAt("responseObject", "metadata", "name")),
  "ka.response.code": text("Status code of the response.", textAt("responseStatus", "code")),
  "ka.response.reason": text(
    "Reason in the response, mostly of a failure.",
    textAt("responseStatus", "reason"),
  ),
  "ka.useragent": text("User agent of the client.", textAt("userAgent")),
  "ka.sourceips": indexed("Addresses of the client and of proxies before it.", listAt("sourceIPs")),
  "ka.cluster.name": text("Name of the cluster, where an annotation tells it.", annotation("cluster_name")),
  ...containerFields("initContainers", "init containers", true),
  ...containerFields("ephemeralContainers", "ephemeral containers", false),
});
