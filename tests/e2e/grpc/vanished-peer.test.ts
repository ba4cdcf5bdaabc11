import { expect, test } from "bun:test";
import { join } from "node:path";
import { endWithTests } from "../../harness/children.ts";
import { NetworkNamespace, namespaceMissing } from "../../harness/network-namespace.ts";
import { grpcFixture, sampleAlert, until } from "./server-fixture.ts";

const SUBSCRIBER = join(import.meta.dir, "subscriber.ts");
const missing = namespaceMissing();
if (missing !== undefined) console.log(`skipped: a client behind a pulled cable, ${missing}`);

test.skipIf(missing !== undefined)(
  `a subscriber whose machine vanishes without a word is let go when it answers no ping${missing ? ` [skipped: ${missing}]` : ""}`,
  async () => {
    const network = new NetworkNamespace();
    expect(network.connect()).toBeUndefined();
    try {
      const place = { tls: true, hosts: [network.here], bindAddress: `${network.here}:0` };
      await using asking = await grpcFixture({ ...place, keepalive: { after: 300, answer: 700 } });
      // The same but for the question: it shows that nothing else tells the server.
      const { privateKey, certChain, rootCerts } = asking.certificates;
      await using waiting = await grpcFixture({
        bindAddress: place.bindAddress,
        certificates: { privateKey, certChain, rootCerts },
        keepalive: { after: 3_600_000, answer: 700 },
      });
      const words = [process.execPath, SUBSCRIBER, asking.directory, asking.address, waiting.address];
      const client = endWithTests(
        Bun.spawn(network.command(...words), { stdin: "ignore", stdout: "pipe", stderr: "inherit" }),
      );
      const subscribers = () => [asking, waiting].map(({ hub }) => hub.stats().subscribers);
      await until(() => subscribers().join() === "1,1");
      for (const { hub } of [asking, waiting]) hub.publish(sampleAlert(0));
      await until(() => [asking, waiting].every(({ hub }) => hub.stats().delivered === 1));
      network.pull();
      client.kill("SIGKILL");
      await client.exited;
      await until(() => subscribers()[0] === 0);
      expect(subscribers()).toEqual([0, 1]);
      // What comes then is kept for the next one, as when nobody was there.
      asking.hub.publish(sampleAlert(1));
      expect(asking.hub.stats()).toMatchObject({ published: 2, delivered: 1 });
    } finally {
      network.remove();
    }
  },
  180_000,
);
