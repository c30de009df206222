import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { generate } from "selfsigned";
import ssh2 from "ssh2";
import { certificateFingerprint, hostKeyFingerprint, macAddress } from "../../lib/config/spelling.ts";

test("a certificate's fingerprint is known in every usual spelling", async () => {
  const { cert } = await generate([{ name: "commonName", value: "board" }]);
  const usual = new X509Certificate(cert).fingerprint256;
  const hex = usual.replaceAll(":", "");
  const spellings = [
    usual,
    hex,
    hex.toLowerCase(),
    `sha256 Fingerprint=${usual}`,
    `SHA256:${Buffer.from(hex, "hex").toString("base64")}`,
    `sha256:${hex.toLowerCase()}`,
  ];
  for (const spelling of spellings) assert.equal(certificateFingerprint(spelling), usual, spelling);
  assert.equal(certificateFingerprint(hex.slice(2)), undefined);
});

test("a host key is known by fingerprint and by public key", () => {
  const { public: line } = ssh2.utils.generateKeyPairSync("ed25519");
  const usual = hostKeyFingerprint(line);
  assert.match(usual ?? "", /^SHA256:[A-Za-z0-9+/]{43}$/);
  assert.equal(hostKeyFingerprint(`10.10.88.70 ${line} root@turing`), usual);
  assert.equal(hostKeyFingerprint(`${usual}=`), usual);
  assert.equal(hostKeyFingerprint("nonsense"), undefined);
});

test("a MAC address is known with colons, dashes, dots and none", () => {
  for (const one of ["02:AB:00:00:00:01", "02-ab-00-00-00-01", "02ab.0000.0001", "02AB00000001"]) {
    assert.equal(macAddress(one), "02:ab:00:00:00:01");
  }
  for (const one of ["02:AB:00:00:00", "02:AB-00:00:00:01", "02:AB:00:00:00:0g"])
    assert.equal(macAddress(one), undefined);
});
