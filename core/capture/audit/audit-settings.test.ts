import { expect, test } from "bun:test";
import fc from "fast-check";
import { auditSettings } from "./audit-settings.ts";
import { auditOrigin } from "./open-params.ts";
import { timestamp } from "./timestamp.ts";

test("init_config has defaults, and keys it does not know", () => {
  const defaults = {
    sslCertificate: "/etc/falco/falco.pem",
    sslClientCA: "",
    maxEventSize: 262_144,
    webhookMaxBatchSize: 12_582_912,
  };
  expect(auditSettings("")).toEqual(defaults);
  expect(auditSettings('{"useAsync":false,"other":1}')).toEqual(defaults);
  expect(auditSettings('{"maxEventSize":1,"sslCertificate":"/x"}')).toEqual({
    ...defaults,
    maxEventSize: 1,
    sslCertificate: "/x",
  });
});

test.each([
  ["{", "is not JSON"],
  ["[]", "is not a map"],
  ['{"maxEventSize":"1"}', 'has a "maxEventSize" that is no integer'],
  ['{"maxEventSize":0}', 'has a "maxEventSize" that is not from 1 to'],
  ['{"useAsync":"yes"}', 'has a "useAsync" that is no boolean'],
])("init_config %p %s", (config, why) => expect(() => auditSettings(config)).toThrow(why));

test("open_params say where events come from", () => {
  const web = { kind: "webhook", tls: false, host: "", port: 9765, path: "/k8s-audit" } as const;
  expect(auditOrigin("http://:9765/k8s-audit")).toEqual(web);
  expect(auditOrigin("HTTPS://localhost:1/")).toEqual({
    ...web,
    tls: true,
    host: "localhost",
    port: 1,
    path: "/",
  });
  expect(auditOrigin("http://[::1]:1")).toEqual({ ...web, host: "::1", port: 1, path: "/" });
  expect(auditOrigin("file:///var/log/a%20b.log")).toEqual({ kind: "follow", file: "/var/log/a b.log" });
  expect(auditOrigin(" /tmp/audit.log ")).toEqual({ kind: "read", path: "/tmp/audit.log" });
});

test.each([
  ["", "its open_params are empty"],
  ["ftp://x/y", 'scheme "ftp" is not supported'],
  ["http://localhost/x", '"localhost" is no address with a port'],
  ["http://x:99999/x", '"x:99999" is no address with a port'],
  ["http://a:b:1/x", '"a:b:1" is no address with a port'],
  ["file:///%zz", "badly encoded"],
])("open_params %p: %s", (params, why) => expect(() => auditOrigin(params)).toThrow(why));

test("timestamp reads what a date prints, to the nanosecond", () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date("9999-12-31T00:00:00Z"), noInvalidDate: true }),
      (date) => {
        expect(timestamp(date.toISOString())).toBe(BigInt(date.getTime()) * 1_000_000n);
      },
    ),
  );
  expect(timestamp("1970-01-01T00:00:01.000000001Z")).toBe(1_000_000_001n);
  expect(timestamp("1970-01-01T05:30:00.1+05:30")).toBe(100_000_000n);
  expect(timestamp("1969-12-31T23:00:00-02:00")).toBe(3_600_000_000_000n);
  for (const text of [
    "",
    "1970-01-01",
    "1970-13-01T00:00:00Z",
    "1970-01-01T24:00:00Z",
    "1969-12-31T23:59:59Z",
    "x",
  ])
    expect(timestamp(text)).toBeUndefined();
});
