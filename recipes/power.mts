#!/usr/bin/env -S npx tsx
// Power of the modules: no argument shows it; `on`, `off` or `reset` and node numbers change it.
import { board, table } from "tpi";

const desk = board();
const [word = "show", ...slots] = process.argv.slice(2).filter((one) => !one.startsWith("-"));
const chosen = desk.nodes.filter((node) => slots.length === 0 || slots.includes(String(node.slot)));

for (const node of chosen) {
  if (word === "on") await node.on();
  if (word === "off") await node.off();
  if (word === "reset") await node.reset();
}

table(
  await Promise.all(
    desk.nodes.map(async (node) => ({ node: node.name, slot: node.slot, power: await node.power() })),
  ),
);
