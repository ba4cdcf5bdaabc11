import { stringify } from "yaml";
import type { ServiceCertificate } from "./certificate.ts";
import { NAMESPACE_LABEL } from "./choice.ts";
import { RESOURCES } from "./pod.ts";

const NAME = "falco-kilt";
const CERTIFICATES = "/etc/falco-kilt/tls";
const DEFINITIONS = "/etc/falco-kilt/definition";
const PORT = 8443;

export interface ManifestOptions {
  readonly namespace: string;
  readonly image: string;
  /** What a namespace or pod must say to be patched: nothing, or its label, or its annotation. */
  readonly optIn: "none" | "namespaces" | "pods";
  /** What API servers do when the webhook does not answer. */
  readonly failurePolicy: "Ignore" | "Fail";
  /** Asked for pods only, and not for what holds pod templates. */
  readonly podsOnly: boolean;
  /** A made certificate, or cert-manager makes one. */
  readonly certificate: ServiceCertificate | "cert-manager";
  /** Text of the definition; absent: the embedded one. */
  readonly definition?: string;
  readonly recipeConfig?: string;
  readonly imagePullSecret?: string;
}

type Manifest = Readonly<Record<string, unknown>>;

/** The names a service is reached by inside a cluster, the one API servers use first. */
export const serviceNames = (namespace: string): string[] => [
  `${NAME}.${namespace}.svc`,
  `${NAME}.${namespace}.svc.cluster.local`,
];

/** What has to be applied to a cluster for the webhook to run there, as a YAML stream. */
export function manifests(options: ManifestOptions): string {
  const all = [
    namespace(options),
    ...account(options),
    ...certificate(options),
    ...(options.definition === undefined ? [] : [definition(options, options.definition)]),
    deployment(options),
    service(options),
    budget(options),
    webhook(options),
  ];
  return all
    .map((manifest) => `---\n${stringify(manifest, { lineWidth: 0, aliasDuplicateObjects: false })}`)
    .join("");
}

const labels = { "app.kubernetes.io/name": NAME };
const meta = ({ namespace }: ManifestOptions, name = NAME) => ({ name, namespace, labels });

const namespace = ({ namespace }: ManifestOptions): Manifest => ({
  apiVersion: "v1",
  kind: "Namespace",
  // Its own pods must start when the webhook does not answer yet.
  metadata: { name: namespace, labels: { ...labels, [NAMESPACE_LABEL]: "ignore" } },
});

/** The webhook asks nothing of the API server: its role is empty, and no token is mounted. */
function account(options: ManifestOptions): Manifest[] {
  const rbac = "rbac.authorization.k8s.io";
  const { namespace } = options;
  return [
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: meta(options),
      automountServiceAccountToken: false,
    },
    { apiVersion: `${rbac}/v1`, kind: "Role", metadata: meta(options), rules: [] },
    {
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      metadata: meta(options),
      roleRef: { apiGroup: rbac, kind: "Role", name: NAME },
      subjects: [{ kind: "ServiceAccount", name: NAME, namespace }],
    },
  ];
}

function certificate(options: ManifestOptions): Manifest[] {
  const { certificate, namespace } = options;
  const secretName = `${NAME}-tls`;
  if (certificate !== "cert-manager") {
    return [
      {
        apiVersion: "v1",
        kind: "Secret",
        type: "kubernetes.io/tls",
        metadata: meta(options, secretName),
        stringData: { "tls.crt": certificate.cert, "tls.key": certificate.key },
      },
    ];
  }
  const apiVersion = "cert-manager.io/v1";
  return [
    { apiVersion, kind: "Issuer", metadata: meta(options), spec: { selfSigned: {} } },
    {
      apiVersion,
      kind: "Certificate",
      metadata: meta(options),
      spec: { secretName, dnsNames: serviceNames(namespace), issuerRef: { kind: "Issuer", name: NAME } },
    },
  ];
}

const definition = (options: ManifestOptions, text: string): Manifest => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: meta(options, `${NAME}-definition`),
  data: { "kilt.cfg": text },
});

function deployment(options: ManifestOptions): Manifest {
  const { definition, image, imagePullSecret } = options;
  const probe = { httpGet: { path: "/healthz", port: "https", scheme: "HTTPS" } };
  const container = {
    name: "webhook",
    image,
    args: argumentsOf(options),
    command: ["/opt/falco/falco"],
    ports: [{ name: "https", containerPort: PORT }],
    readinessProbe: { ...probe, periodSeconds: 5 },
    livenessProbe: { ...probe, periodSeconds: 20 },
    resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "512Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
    },
    volumeMounts: [
      { name: "tls", mountPath: CERTIFICATES, readOnly: true },
      ...(definition === undefined ? [] : [{ name: "definition", mountPath: DEFINITIONS, readOnly: true }]),
    ],
  };
  const spec = {
    serviceAccountName: NAME,
    automountServiceAccountToken: false,
    ...(imagePullSecret ? { imagePullSecrets: [{ name: imagePullSecret }] } : {}),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      fsGroup: 65532,
      seccompProfile: { type: "RuntimeDefault" },
    },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: labels },
      },
    ],
    containers: [container],
    volumes: [
      { name: "tls", secret: { secretName: `${NAME}-tls` } },
      ...(definition === undefined
        ? []
        : [{ name: "definition", configMap: { name: `${NAME}-definition` } }]),
    ],
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: meta(options),
    spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}

function argumentsOf({ definition, image, imagePullSecret, optIn, recipeConfig }: ManifestOptions): string[] {
  return [
    "kilt",
    "webhook",
    "serve",
    "--host=0.0.0.0",
    `--port=${PORT}`,
    `--cert=${CERTIFICATES}/tls.crt`,
    `--key=${CERTIFICATES}/tls.key`,
    `--tools-image=${image}`,
    ...(definition === undefined ? [] : [`--definition=${DEFINITIONS}/kilt.cfg`]),
    // The embedded definition lends the image that the webhook itself runs from.
    `--recipe-config=${recipeConfig ?? JSON.stringify({ image })}`,
    ...(optIn === "pods" ? ["--opt-in"] : []),
    ...(imagePullSecret ? [`--image-pull-secret=${imagePullSecret}`] : []),
  ];
}

const service = (options: ManifestOptions): Manifest => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: meta(options),
  spec: { selector: labels, ports: [{ name: "https", port: 443, targetPort: "https" }] },
});

const budget = (options: ManifestOptions): Manifest => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: meta(options),
  spec: { minAvailable: 1, selector: { matchLabels: labels } },
});

/** Fails open by default, never sees the cluster's own namespaces, and is asked again when others changed a pod. */
function webhook(options: ManifestOptions): Manifest {
  const { certificate, failurePolicy, namespace, optIn, podsOnly } = options;
  const own = {
    key: "kubernetes.io/metadata.name",
    operator: "NotIn",
    values: ["kube-system", "kube-public", "kube-node-lease", namespace],
  };
  const choice =
    optIn === "namespaces"
      ? { key: NAMESPACE_LABEL, operator: "In", values: ["include"] }
      : { key: NAMESPACE_LABEL, operator: "NotIn", values: ["ignore"] };
  const rules = RESOURCES.filter(
    ({ resources }) => !podsOnly || (resources as readonly string[]).includes("pods"),
  );
  const inject = { "cert-manager.io/inject-ca-from": `${namespace}/${NAME}` };
  const isManaged = certificate === "cert-manager";
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: NAME, labels, ...(isManaged ? { annotations: inject } : {}) },
    webhooks: [
      {
        name: "kilt.falco.org",
        admissionReviewVersions: ["v1"],
        clientConfig: {
          service: { name: NAME, namespace, path: "/mutate", port: 443 },
          ...(isManaged ? {} : { caBundle: Buffer.from(certificate.ca).toString("base64") }),
        },
        failurePolicy,
        matchPolicy: "Equivalent",
        namespaceSelector: { matchExpressions: [own, choice] },
        reinvocationPolicy: "IfNeeded",
        rules: rules.map(({ group, version, resources, operations }) => ({
          apiGroups: [group],
          apiVersions: [version],
          operations,
          resources,
          scope: "Namespaced",
        })),
        sideEffects: "None",
        timeoutSeconds: 5,
      },
    ],
  };
}
