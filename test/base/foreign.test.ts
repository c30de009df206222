import assert from "node:assert/strict";
import { test } from "node:test";
import { mustRun } from "../../lib/base/tools.ts";

test("another processor's base image is refused where its programs cannot be run, with what to install", async () => {
  const host = process.arch === "x64" ? "amd64" : "arm64";
  const other = host === "amd64" ? "arm64" : "amd64";
  const path = process.env.PATH;
  process.env.PATH = "/nowhere"; // no arch-test there, whatever the kernel emulates
  try {
    await mustRun(host);
    await assert.rejects(mustRun(other), { code: "BASE_FOREIGN", hint: /qemu-user-static arch-test/ });
  } finally {
    process.env.PATH = path;
  }
});
