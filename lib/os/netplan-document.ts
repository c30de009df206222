import type { Nic } from "./identity.ts";
import { isGlob, radioNames } from "./radio.ts";
import type { OsFacts } from "./system.ts";
import { wifiKey } from "./wifi.ts";

/** A device of a netplan document. */
type Device = Readonly<Record<string, unknown>>;

/**
 * Network ports as netplan's version 2 has them, which cloud-init takes too. Ports are called `nic0` and so on where they
 * are found by a match, and by their own name otherwise, as radios always are (see `radioLinks`); a VLAN `nic0.5` stands
 * on the port that its match finds, and shares that with others. `IDENTITY_UNFIT` for a Wi-Fi password that cannot be one.
 */
export function netplanDocument(nics: readonly Nic[], facts: OsFacts): Device {
  const ethernets = new Map<string, Device>();
  const wifis = new Map<string, Device>();
  const vlans = new Map<string, Device>();
  const radios = radioNames(nics);
  for (const nic of nics) {
    const first = nics.findIndex((one) => matchOf(one) === matchOf(nic));
    const port = portName(nic, first);
    if (nic.wifi)
      wifis.set(radios.get(nic) ?? port, { ...sized(nic), ...addressing(nic), ...radio(nic, facts) });
    else if (nic.vlan === undefined) ethernets.set(port, { ...found(nic), ...addressing(nic) });
    else {
      if (!ethernets.has(port))
        ethernets.set(port, { ...found(nic), dhcp4: false, dhcp6: false, "link-local": [] });
      vlans.set(`${port}.${nic.vlan}`, { id: nic.vlan, link: port, ...addressing(nic) });
    }
  }
  // on a system that is told of a radio alone, its cable would stay dead
  const wired = ethernets.size > 0 || wifis.size === 0;
  if (!wired) ethernets.set("wired", { match: { name: "e*" }, dhcp4: true, optional: true });
  const groups = { ethernets, wifis, vlans };
  const said = Object.entries(groups).filter(([, devices]) => devices.size > 0);
  return {
    version: 2,
    ...Object.fromEntries(said.map(([kind, devices]) => [kind, Object.fromEntries(devices)])),
  };
}

const matchOf = ({ match }: Nic): string => ("mac" in match ? match.mac.toLowerCase() : match.name);

const portName = ({ match }: Nic, index: number): string =>
  "name" in match && !isGlob(match.name) ? match.name : `nic${index}`;

const sized = ({ mtu }: Nic): Device => (mtu === undefined ? {} : { mtu });

function found(nic: Nic): Device {
  const { match } = nic;
  const size = sized(nic);
  if ("mac" in match) return { match: { macaddress: match.mac.toLowerCase() }, ...size };
  return isGlob(match.name) ? { match: { name: match.name }, ...size } : size;
}

/** Default routes are spelled as prefixes, which every renderer of cloud-init understands. */
function addressing(nic: Nic): Device {
  const names = {
    ...(nic.dns.length > 0 ? { addresses: nic.dns } : {}),
    ...(nic.search.length > 0 ? { search: nic.search } : {}),
  };
  const nameservers = Object.keys(names).length > 0 ? { nameservers: names } : {};
  const gateways = nic.gateways.map((via) => ({ to: via.includes(":") ? "::/0" : "0.0.0.0/0", via }));
  const all = [...gateways, ...(nic.routes ?? [])];
  const routes = all.length > 0 ? { routes: all } : {};
  const size = nic.vlan === undefined ? {} : sized(nic);
  if (nic.addresses === "dhcp") return { dhcp4: true, ...size, ...routes, ...nameservers };
  const auto = nic.addresses.some((address) => address.includes(":")) ? { "accept-ra": false } : {};
  return {
    dhcp4: false,
    dhcp6: false,
    ...auto,
    ...size,
    addresses: nic.addresses,
    ...routes,
    ...nameservers,
  };
}

/** A boot does not wait for a radio; the key is derived, so that the password itself is in no file. */
function radio({ wifi }: Nic, facts: OsFacts): Device {
  if (!wifi) return {};
  const password = wifiKey(wifi, facts);
  const point = { ...(password ? { password } : {}), ...(wifi.hidden ? { hidden: true } : {}) };
  return { optional: true, "regulatory-domain": wifi.country, "access-points": { [wifi.ssid]: point } };
}
