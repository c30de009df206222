#!/usr/bin/env -S npx tsx
// One image for each device of a list, all of one base, published with checksums: pi-images.mts [BASE [FOLDER]]
import { all, image, raspios, table } from "tpi";

const devices = [
  { name: "hive-01", address: "192.168.7.11/24" },
  { name: "hive-02", address: "192.168.7.12/24" },
  { name: "hive-03", address: "192.168.7.13/24" },
];

const [base = raspios("bookworm-lite"), folder = "images"] = process.argv
  .slice(2)
  .filter((word) => !word.startsWith("-"));

const common = image(base)
  .user("ops", { keys: process.env.PUBLIC_KEY ?? "~/.ssh/id_ed25519.pub", sudo: "nopasswd" })
  .ssh({ passwords: false, root: "no" })
  .timezone("Europe/Berlin")
  .packages("i2c-tools")
  .modify((fs, { hostname }) => fs.write("/etc/motd", `${hostname}, made by tpi\n`));

const rows = await all(devices, async ({ name, address }) => {
  const cable = { match: { name: "e*" }, addresses: [address], gateways: ["192.168.7.1"], search: [] };
  const own = common
    .hostname(name)
    .nic({ ...cable, dns: ["192.168.7.1"] })
    .key(name);
  const { findings } = await own.check();
  for (const { severity, path, text } of findings) console.error(`${name}: ${severity}: ${path} ${text}`);
  const { sha256 } = await own.publish(folder);
  return { device: name, findings: findings.length, sha256: sha256.slice(0, 16) };
});

table(rows);
