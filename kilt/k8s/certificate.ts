import { createAuthority } from "../../core/server/tls/authority.ts";

/** Everything in PEM. The authority's key is forgotten: a new certificate comes with a new authority. */
export interface ServiceCertificate {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate for the names of a service, signed by an authority that is made for it alone. */
export async function serviceCertificate(
  names: readonly string[],
  days: number,
): Promise<ServiceCertificate> {
  const authority = await createAuthority("falco kilt webhook", days);
  const { cert, key } = await authority.server(names[0]!, names, days);
  return { ca: authority.cert, cert, key };
}
