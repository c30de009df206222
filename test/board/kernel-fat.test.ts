import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import { edited, fsckFatFindsNothing, looked } from "../disk/edited.ts";
import { makeFat } from "../disk/fixture.ts";
import { tempFolder } from "../disk/tools.ts";
import { editEverything, type Listing, listingOf, listingWords, parsedListing } from "./fat-script.ts";
import { kernelMachine } from "./kernel-machine.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const mib = 1 << 20;
const machine = await kernelMachine(home.path);

/** In the order in which the machine sees them; the last is the seed volume of an RK1, a FAT32 with too few clusters. */
const shapes = [
  { label: "TWELVE", bits: 12, size: 15 * mib, cluster: 8, entries: 300 },
  { label: "SIXTEEN", bits: 16, size: 32 * mib, cluster: 4, entries: 700 },
  { label: "WIDE", bits: 32, size: 40 * mib, cluster: 1, entries: 700 },
  { label: "CIDATA", bits: 32, size: 24 * mib, cluster: 1, entries: 700 },
] as const;
const devices = shapes.map((_, at) => `/dev/vd${"bcdefgh"[at]}`);

/** What the kernel does to each volume: a mount as it comes, and one that keeps lower case as Windows does. */
const kernelEdits = `
  rm -r "/mnt/at/many" "/mnt/at/Deep folder 0/Deep folder 1/Deep folder 2"
  cd /mnt/at/names
  perl -e 'rename "CMDLINE.TXT", "cmdline.txt" or die'; mv config.txt "moved and renamed.config"; mv Über ../Über
  truncate -s 100 ../large.bin; truncate -s 300000 ../emptied; seq 1 9999 >> ../appended
  rm 日本語のファイル.txt; echo Ω > 'ΩΩΩ.TXT'; echo Ü > 'ÜBER.TXT'; echo ü > 'überall.txt'; echo é > 'é'
  echo lower > straße; echo upper > STRASSE; echo 1 > 'Ärger groß'; echo 2 > 'ärger groß'
  mkdir -p ../new/{a,b,c}/"deeper one"; for n in $(seq 1 400); do echo $n > "../new/a/file number $n"; done
  for n in $(seq 2 2 400); do rm "../new/a/file number $n"; done; mv ../new/a/* ../new/b
  fallocate -l 100000 ../allocated || true; echo short > ../allocated
  cd /; umount /mnt/at; mount -t vfat -o shortname=winnt $device /mnt/at; cd /mnt/at
  mkdir winnt; cd winnt; for n in lower.txt UPPER.txt lower.TXT UPPER.TXT Mixed.txt lower ünter.txt; do echo $n > $n; done
`;
const script = `
modprobe vfat
mkdir /mnt/at
for device in ${devices.join(" ")}; do
  mount -t vfat -o ro $device /mnt/at; cd /mnt/at
  echo "--- $device"; ${listingWords}; cd /; umount /mnt/at
done
for device in ${devices.join(" ")}; do
  mount -t vfat $device /mnt/at
  { ${kernelEdits} } > /dev/null
  cd /; umount /mnt/at; mount -t vfat -o ro $device /mnt/at; cd /mnt/at
  echo "--- $device"; ${listingWords}; cd /; umount /mnt/at
done`;

const volumes: { title: string; before: string; file: string; wrote: Listing }[] = [];
for (const { entries, ...shape } of shapes) {
  const before = path.join(home.path, `${shape.label}.fat`);
  await makeFat(before, shape);
  let wrote: Listing = {};
  const { path: file } = await edited(before, "fat", async (tree) => {
    wrote = await editEverything(tree, entries);
  });
  volumes.push({ title: `FAT${shape.bits} ${shape.label}`, before, file, wrote });
}
for (const { file } of volumes) await fsckFatFindsNothing(file);
const { said, kernel } = await machine.run({ script, disks: volumes.map(({ file }) => file) });
const listings = said
  .split(/^--- .*\n/m)
  .slice(1)
  .map(parsedListing);

for (const [at, { title, file, wrote }] of volumes.entries()) {
  test(`the kernel reads from a ${title} what our driver wrote`, () => {
    assert.deepEqual(listings[at], wrote);
  });
  test(`our driver reads from a ${title} what the kernel wrote, and a checker finds it sound`, async () => {
    assert.deepEqual(await looked(file, "fat", listingOf), listings[at + volumes.length]);
    await fsckFatFindsNothing(file);
  });
}

test("the kernel complains of no FAT volume", () => {
  assert.doesNotMatch(kernel, /FAT-fs/);
});
