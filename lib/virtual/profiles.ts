/** A firmware of the controller; 2.3.7 is the daemon of that version on the firmware's development branch. */
export type ProfileName = "2.0.5" | "2.1.0" | "2.3.7";

/** A board: 2.4 has a USB multiplexer and no fan, 2.5 a USB hub and one fan. */
export type Hardware = "2.4" | "2.5";

/** What differs between firmwares on the wire. */
export interface Profile {
  readonly name: ProfileName;
  /** Whether it has what came with bmcd 2.3: xz, URL sources, sha256, skip_crc, cooling, node_info, usb_node1, serial routes. */
  readonly modern: boolean;
  /** Whether reading a UART empties its ring. */
  readonly uart: "drains" | "keeps";
  /** Which interface `type=other` takes its address from; `none` prints `Unknown`. */
  readonly address: "eth0" | "br0" | "none";
  /** Whether the web page needs a login as well. */
  readonly pageNeedsLogin: boolean;
  /** Where port 80 answers without a redirect. */
  readonly openInfo: "/api/bmc/info" | "/info";
  readonly about: (hardware: Hardware) => Readonly<Record<string, string>>;
}

const built = { api: "1.1", buildroot: '"Buildroot 2024.05.1"' } as const;

const profiles: Readonly<Record<ProfileName, Profile>> = {
  "2.0.5": {
    name: "2.0.5",
    modern: false,
    uart: "drains",
    address: "eth0",
    pageNeedsLogin: true,
    openInfo: "/api/bmc/info",
    about: () => ({
      api: "1.1",
      build_version: "v2.0.5",
      buildroot: '"Buildroot 2022.08"',
      buildtime: "2023-11-27 10:12:54-00:00",
      version: "2.0.5",
    }),
  },
  "2.1.0": {
    name: "2.1.0",
    modern: true,
    uart: "keeps",
    address: "none",
    pageNeedsLogin: false,
    openInfo: "/info",
    about: (hardware) => ({
      api: built.api,
      board_model: `Turing Pi 2 (v${hardware})`,
      board_revision: hardware,
      build_version: "v2.1.0",
      buildroot: built.buildroot,
      buildtime: "2025-02-06 12:01:35-00:00",
      hostname: "turingpi",
      version: "2.3.4",
    }),
  },
  "2.3.7": {
    name: "2.3.7",
    modern: true,
    uart: "keeps",
    address: "br0",
    pageNeedsLogin: false,
    openInfo: "/info",
    about: (hardware) => ({
      api: built.api,
      bmcd_version: "2.3.7",
      board_model: `Turing Pi 2 (v${hardware})`,
      board_revision: hardware === "2.5" ? "v2.5.1" : "v2.4.0",
      buildroot: built.buildroot,
      buildtime: "2025-02-26 09:40:11-00:00",
      hostname: "turingpi",
      version: "2.1.0",
    }),
  },
};

/** The profile of a name. */
export const profileOf = (name: ProfileName): Profile => profiles[name];

/** Bytes of the writable part of the controller's own flash. */
export const overlayBytes = (hardware: Hardware): number => (hardware === "2.4" ? 28 : 151) * 1024 * 1024;
