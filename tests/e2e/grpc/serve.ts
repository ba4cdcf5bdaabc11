/**
 * The gRPC server in a process of its own, for clients in other languages. The first argument is `unix` or `tls`;
 * prints one line of JSON with the address and the certificates' directory, and ends with its standard input.
 */
import { generateCertificates } from "../../../core/server/tls/generate.ts";
import { grpcFixture } from "./server-fixture.ts";

const tls = process.argv[2] === "tls";
const RULES = "- rule: Configured\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n";
const server = await grpcFixture({ tls, ruleFile: RULES, limits: { admins: ["operator"] } });
if (tls) await generateCertificates({ directory: server.file("other") });
console.log(JSON.stringify({ address: server.address, certificates: tls ? server.directory : "" }));
await Bun.stdin.text();
await server[Symbol.asyncDispose]();
process.exit(0);
