import { FalcoClient } from "../../../proto/clients/typescript/src/falco-client.ts";

/** Subscribes at each address with the certificates of a directory, and prints the rule of each alert. */
const [directory, ...addresses] = process.argv.slice(2);
const certificates = {
  ca: `${directory}/ca.crt`,
  cert: `${directory}/client.crt`,
  key: `${directory}/client.key`,
};
await Promise.all(
  addresses.map(async (address) => {
    for await (const { rule } of new FalcoClient({ address, certificates }).subscribe()) console.log(rule);
  }),
);
