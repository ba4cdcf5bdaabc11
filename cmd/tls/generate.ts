import { command } from "../command.ts";
import { json, out } from "../print.ts";

export const generate = command({
  name: "generate",
  summary: "Make a certificate authority, a server's and clients' certificates",
  description:
    "Writes ca, server and client certificates (.crt) and their keys (.key, mode 0600). The server needs\n" +
    "server.crt, server.key and ca.crt; a client needs its own two and ca.crt; keep ca.key elsewhere.\n" +
    "A client may only read unless grpc.admins names its certificate.",
  examples: [
    "falco tls generate",
    "falco tls generate --dir certs --host falco.example.org --client dashboard --client operator",
  ],
  flags: {
    dir: { type: "string", value: "DIR", help: "Where to write", default: "/etc/falco/certs" },
    host: { type: "string", value: "NAME", help: "DNS name or address of the server", repeat: true },
    client: { type: "string", value: "NAME", help: "Name of a client (default client)", repeat: true },
    days: { type: "number", value: "N", help: "How long they are valid (default 365)" },
    force: { type: "boolean", help: "Replace files that are there" },
    json: { type: "boolean", help: "Print the paths as JSON" },
  },
  run: async ({ flags }) => {
    const { generateCertificates } = await import("../../core/server/tls/generate.ts");
    const paths = await generateCertificates({
      directory: flags.dir,
      hosts: flags.host,
      force: flags.force,
      ...(flags.client.length > 0 ? { clients: flags.client } : {}),
      ...(flags.days === undefined ? {} : { days: flags.days }),
    });
    if (flags.json) json(paths);
    else out(paths.join("\n"));
    return 0;
  },
});
