#!/usr/bin/env -S npx tsx
// Ubuntu on every module of the board: named, addressed, keyed, and answering on SSH.
import { all, board, flash, image, sizeText, table } from "tpi";

const desk = board(); // tpi.yaml, TPI_* or --config

const base = image(desk.image)
  .user(desk.login.user, { keys: desk.login.publicKey, sudo: "nopasswd" })
  .timezone("Europe/Berlin")
  .write("/etc/motd", "flashed by tpi\n");

const rows = await all(desk.nodes, async (node) => {
  const own = base.for(node).key(`ubuntu-${node.name}`); // hostname, network and SSH host key of this node
  const flashed = await flash(own).to(node);
  const up = await node.ready();
  const [host, kernel, motd] = await node.sh`uname -n; uname -r; cat /etc/motd`.lines();
  const { address, os, time: boot } = up;
  return { node: host, address, os, kernel, motd, ...flashed.times, boot, sent: sizeText(flashed.sent) };
});

table(rows);
