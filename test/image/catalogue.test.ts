import assert from "node:assert/strict";
import { test } from "node:test";
import { armbian, catalogue, debian, raspios, ubuntu } from "../../lib/catalogue.ts";
import { isFault } from "../../lib/core/fault.ts";
import { image } from "../../lib/image.ts";

const entries = Object.values(catalogue).flatMap((versions) =>
  Object.values(versions).flatMap((kinds) => Object.values(kinds)),
);

test("every entry of the catalogue comes over TLS with digests from the same host, and makes an image", () => {
  assert.ok(entries.length >= 10);
  for (const entry of entries) {
    const [url, sums] = [new URL(entry.url), new URL(entry.sums ?? "")];
    assert.deepEqual([url.protocol, sums.protocol, sums.host], ["https:", "https:", url.host]);
    assert.match(image(entry).name, /^[\w.+-]+-image\.img\.xz$/);
  }
  assert.equal(new Set(entries.map(({ url }) => url)).size, entries.length);
});

test("a catalogue entry is found by version and by what it is for", () => {
  assert.deepEqual(ubuntu("24.04"), ubuntu("24.04", "rk1"));
  assert.deepEqual(armbian("trixie"), armbian("trixie", "rk1"));
  assert.equal(ubuntu("22.04").key, "baseimg:ubuntu:22.04:rk1");
  assert.equal(ubuntu("24.04", "cm4").key, "baseimg:ubuntu:24.04:pi");
  assert.equal(debian("12", "cloud").key, "baseimg:debian:12:cloud");
  assert.match(ubuntu("24.04", "rk1").url, /turing-rk1\.img\.xz$/);
  assert.match(ubuntu("24.04", "cm4").url, /arm64\+raspi\.img\.xz$/);
  assert.match(debian("12").url, /raspi_4_bookworm/);
  assert.match(debian("12", "cloud").url, /generic-arm64.*\.raw$/);
  assert.match(raspios("bookworm-lite").url, /oldstable.*bookworm-arm64-lite/);
  assert.match(armbian("trixie", "rk1").url, /turing-rk1/);
});

test("what the catalogue lacks is refused with what it has", () => {
  assert.throws(
    () => debian("12", "rk1"),
    (error) => isFault(error, "CATALOGUE_LACKS") && /12 for pi/.test(error.message),
  );
  const words: readonly string[] = ["99.04", "constructor", "__proto__"];
  for (const version of words)
    assert.throws(
      () => Reflect.apply(ubuntu, undefined, [version]), // as a recipe without types says it
      (error) => isFault(error, "CATALOGUE_LACKS") && /it has .*24\.04 for rk1/.test(error.message),
    );
});

test("any part of an entry can be said anew", () => {
  const sha256 = "ab".repeat(32);
  const { remote } = image({ ...ubuntu("24.04", "rk1"), url: "https://mirror.lan/os.img.xz", sha256 }).spec;
  assert.equal(remote?.url, "https://mirror.lan/os.img.xz");
  assert.equal(remote?.sha256, sha256);
});

test("a base that is neither a path nor an https address is refused while it is said", () => {
  assert.throws(() => image("ftp://host/os.img"), TypeError);
  assert.throws(() => image({ url: "https://host/os.img", sha256: "12" }), TypeError);
  assert.throws(
    () => image("http://host/os.img"),
    (error) => isFault(error, "DOWNLOAD_UNSAFE"),
  );
  assert.throws(
    () => image(" "),
    (error) => isFault(error, "IMAGE_MISSING"),
  );
});
