/** The compute modules that the kit has words for. */
export type ModuleKind = "rk1" | "cm4" | "cm5" | "jetson";

/** What differs from one compute module to the next. */
export interface ComputeModule {
  readonly kind: ModuleKind;
  readonly title: string;
  /** The serial console that the board's UART is wired to; the baud rate is the board's, which cannot be changed. */
  readonly console: { readonly devices: readonly string[]; readonly baud: 115200 };
  /** A netplan name match that fits its one Ethernet port under every kernel seen. */
  readonly nic: string;
  /** Whether the controller can write its storage over USB, and, where it cannot, why. */
  readonly flash: { readonly kind: "usb" } | { readonly kind: "none"; readonly why: string };
}

const modules = new Map<string, ComputeModule>();

/** Adds a module, or replaces one of the same kind. */
export function registerModule(module: ComputeModule): void {
  modules.set(module.kind, module);
}

/** The module of a kind; a `TypeError` for a kind that nobody registered. */
export function computeModule(kind: ModuleKind): ComputeModule {
  const found = modules.get(kind);
  if (!found)
    throw new TypeError(`no module "${kind}" is registered (there are ${[...modules.keys()].join(", ")})`);
  return found;
}

// The vendor kernel calls the RK1's UART9 ttyS9, mainline calls it ttyS0; its port is end0, or eth0 on older kernels.
registerModule({
  kind: "rk1",
  title: "Turing RK1",
  console: { devices: ["ttyS9", "ttyS0"], baud: 115200 },
  nic: "e*",
  flash: { kind: "usb" },
});

registerModule({
  kind: "cm4",
  title: "Raspberry Pi CM4",
  console: { devices: ["ttyS0", "ttyAMA0"], baud: 115200 },
  nic: "e*",
  flash: { kind: "usb" },
});

const noBoot = (what: string) =>
  `the controller's firmware scans USB for the CM4 and the RK3588 only, not for ${what}`;

registerModule({
  kind: "cm5",
  title: "Raspberry Pi CM5",
  console: { devices: ["ttyAMA10", "ttyAMA0"], baud: 115200 },
  nic: "e*",
  flash: { kind: "none", why: noBoot("the CM5") },
});

registerModule({
  kind: "jetson",
  title: "NVIDIA Jetson",
  console: { devices: ["ttyTCU0", "ttyTHS0"], baud: 115200 },
  nic: "e*",
  flash: { kind: "none", why: noBoot("a Jetson") },
});
