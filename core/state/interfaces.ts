import type { InterfaceSeed } from "../event/source.ts";
import type { Container } from "../metadata/container.ts";

const LOOPBACK4 = Uint8Array.of(127, 0, 0, 1);
const LOOPBACK6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

/** Addresses of the watched machine. */
export class Interfaces {
  readonly #all: InterfaceSeed[] = [];

  add(seed: InterfaceSeed): void {
    this.#all.push(seed);
  }

  clear(): void {
    this.#all.length = 0;
  }

  [Symbol.iterator](): Iterator<InterfaceSeed> {
    return this.#all[Symbol.iterator]();
  }

  /**
   * The address of ours that a packet to `to` most likely has: the same one, one of the same network, or
   * the first that is not the loopback's. Undefined when we have none of the family.
   */
  nearest(to: Uint8Array): Uint8Array | undefined {
    const family = this.#all.filter(({ ip }) => ip.length === to.length);
    const loopback = to.length === 4 ? LOOPBACK4 : LOOPBACK6;
    return (
      family.find(({ ip }) => sameBytes(ip, to)) ??
      family.find(({ ip, netmask }) => sameNetwork(ip, to, netmask)) ??
      family.find(({ ip }) => !sameBytes(ip, loopback))
    )?.ip;
  }

  /**
   * Whether the address is the machine's, or the container's that `containerId` names. Containers have no
   * IPv6 addresses of their own; the machine has all of its networks'.
   */
  isLocal(ip: Uint8Array, containerId: string, containers: ReadonlyMap<string, Container>): boolean {
    if (ip.length === 16) return containerId === "" && this.#all.some((known) => sameNetwork(known.ip, ip));
    if (containerId !== "") {
      const own = containers.get(containerId)?.ip ?? "";
      if (own === "") return hasAddress(containers, ip);
      if (isAddress(ip, own)) return true;
    }
    return this.#all.some((known) => sameBytes(known.ip, ip));
  }
}

function hasAddress(containers: ReadonlyMap<string, Container>, ip: Uint8Array): boolean {
  for (const container of containers.values()) if (isAddress(ip, container.ip)) return true;
  return false;
}

const isAddress = (ip: Uint8Array, text: string): boolean => ip.length === 4 && ip.join(".") === text;

/** Whether two byte strings are equal. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const NETWORK_BYTES = 8;

/** By netmask; IPv6 networks are taken to be the first 64 bits. */
function sameNetwork(a: Uint8Array, b: Uint8Array, mask?: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  const size = a.length === 16 ? NETWORK_BYTES : a.length;
  for (let i = 0; i < size; i++) {
    const bits = a.length === 16 ? 0xff : mask![i]!;
    if ((a[i]! & bits) !== (b[i]! & bits)) return false;
  }
  return true;
}
