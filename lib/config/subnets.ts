import { Address4, Address6 } from "ip-address";

const parsed = (text: string): Address4 | Address6 =>
  text.includes(":") ? new Address6(text) : new Address4(text);

/** Whether an address (its prefix, if any, aside) lies in a subnet of its family. */
export function within(address: string, cidr: string): boolean {
  if (address.includes(":") !== cidr.includes(":")) return false;
  const [one, net] = [parsed(bare(address)), parsed(cidr)];
  return one instanceof Address4 && net instanceof Address4
    ? one.isInSubnet(net)
    : one instanceof Address6 && net instanceof Address6 && one.isInSubnet(net);
}

/** Whether an IPv6 address is good on any link (fe80::/10). */
export const linkLocal = (address: string): boolean => within(address, "fe80::/10");

/** The address with a prefix: its own, or that of the subnet it lies in; undefined where neither gives one. */
export function cidrOf(address: string, subnet: string | undefined): string | undefined {
  if (address.includes("/")) return address;
  return subnet && within(address, subnet) ? `${address}/${subnet.split("/")[1]}` : undefined;
}

/** The address without prefix, in one spelling, so that two of them can be compared. */
export const canonical = (address: string): string => parsed(bare(address)).correctForm();

/** Why a machine cannot have this address: it names the network or everybody in it. */
export function unusable(cidr: string): string | undefined {
  const one = parsed(cidr);
  if (!(one instanceof Address4) || one.subnetMask > 30) return undefined;
  if (one.correctForm() === one.startAddress().correctForm()) return "the network's own address";
  if (one.correctForm() === one.endAddress().correctForm()) return "the broadcast address";
  return undefined;
}

const bare = (address: string): string => address.split("/")[0] ?? address;
