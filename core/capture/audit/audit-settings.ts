import { FalcoError, reasonOf } from "../../errors.ts";

/** `init_config` of the plugin k8saudit. */
export interface AuditSettings {
  /** File with certificate chain and private key (PEM), for `https://`. */
  readonly sslCertificate: string;
  /** File with the authorities (PEM) of which clients must have a certificate; none asked for when empty. */
  readonly sslClientCA: string;
  /** Bytes of one event beyond which it is left out. */
  readonly maxEventSize: number;
  /** Bytes of one request, or of one line of a file. */
  readonly webhookMaxBatchSize: number;
}

/** What the schema of the settings says of each. */
interface Property {
  readonly type: "string" | "integer" | "boolean";
  readonly title: string;
  readonly description: string;
  readonly default: string | number | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** The longest that a batch may be: all of it is held in memory. */
const MAX_BATCH = 256 << 20;

const PROPERTIES: Readonly<Record<keyof AuditSettings | "useAsync", Property>> = {
  sslCertificate: {
    type: "string",
    title: "SSL certificate",
    description: "File with certificate chain and private key (PEM), for an endpoint with https",
    default: "/etc/falco/falco.pem",
  },
  sslClientCA: {
    type: "string",
    title: "SSL client CA",
    description:
      "File with the authorities (PEM) of which clients must have a certificate; empty: none asked for",
    default: "",
  },
  maxEventSize: {
    type: "integer",
    title: "Maximum event size",
    description: "Bytes of an event beyond which it is left out and counted",
    default: 262_144,
    minimum: 1,
    maximum: MAX_BATCH,
  },
  webhookMaxBatchSize: {
    type: "integer",
    title: "Maximum webhook request size",
    description: "Bytes of a request beyond which it is refused",
    default: 12_582_912,
    minimum: 1,
    maximum: MAX_BATCH,
  },
  useAsync: {
    type: "boolean",
    title: "Use async extraction",
    description: "Accepted; there is nothing here that it could make faster",
    default: true,
  },
};

/** JSON Schema of `init_config`. */
export const AUDIT_SCHEMA: object = { type: "object", properties: PROPERTIES };

const bad = (why: string, cause?: unknown): FalcoError =>
  new FalcoError("PLUGIN_INIT", `Cannot start plugin k8saudit: its init_config ${why}`, {
    cause,
    hint: '"falco --plugin-info k8saudit" prints its schema',
  });

/** Reads `init_config`, a JSON object or nothing. Throws PLUGIN_INIT for what it can't be. */
export function auditSettings(config: string): AuditSettings {
  const given = parsed(config);
  const settings: Record<string, unknown> = {};
  for (const [name, { type, default: fallback, minimum = 0, maximum = 0 }] of Object.entries(PROPERTIES)) {
    const value = given[name] ?? fallback;
    const fits = type === "integer" ? Number.isInteger(value) : typeof value === type;
    if (!fits) throw bad(`has a "${name}" that is no ${type}`);
    if (typeof value === "number" && (value < minimum || value > maximum))
      throw bad(`has a "${name}" that is not from ${minimum} to ${maximum}`);
    settings[name] = value;
  }
  const { sslCertificate, sslClientCA, maxEventSize, webhookMaxBatchSize } =
    settings as unknown as AuditSettings;
  return { sslCertificate, sslClientCA, maxEventSize, webhookMaxBatchSize };
}

function parsed(config: string): Record<string, unknown> {
  if (config.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(config);
  } catch (cause) {
    throw bad(`is not JSON: ${reasonOf(cause)}`, cause);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad("is not a map");
  return value as Record<string, unknown>;
}
