/** Flags of the commands that work on running pods. */
export const podFlags = {
  namespace: { type: "string", short: "n", value: "NAME", help: "Namespace of the pod" },
  container: { type: "string", short: "c", value: "NAME", help: "Container of the pod, if it has several" },
  context: { type: "string", value: "NAME", help: "Context of the kubeconfig" },
  kubeconfig: { type: "string", value: "FILE", help: "Kubeconfig to use" },
  kubectl: { type: "string", value: "PROGRAM", help: "The kubectl to run", default: "kubectl" },
  "agent-image": {
    type: "string",
    value: "IMAGE",
    help: "Image of falco for containers without a shell",
    default: "docker.io/falcosecurity/falco:latest",
  },
  profile: { type: "string", value: "NAME", help: "Profile of kubectl debug for those", default: "general" },
  "dry-run": { type: "boolean", help: "Say what would be done, and do nothing" },
  json: { type: "boolean", help: "Print for programs" },
} as const;

interface PodArgs {
  readonly namespace: string | undefined;
  readonly context: string | undefined;
  readonly kubeconfig: string | undefined;
}

/** The flags that kubectl itself gets. */
export function kubectlFlags({ context, kubeconfig, namespace }: PodArgs): string[] {
  return Object.entries({ context, kubeconfig, namespace }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
}
