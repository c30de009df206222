import { createHash } from "node:crypto";
import type { OsFacts } from "../../os.ts";
import { type InstalledPackage, purlOf } from "./packages.ts";
import { toolVersion } from "./tool-version.ts";

/** What a bill of materials is about. */
export interface Inventory {
  readonly name: string;
  /** Of the published file, in hex. */
  readonly sha256: string;
  readonly facts: OsFacts;
  readonly packages: readonly InstalledPackage[];
  /** When it was made, in seconds: the last change of the package database, for the same image gives the same bill. */
  readonly created: number;
}

const unknown = "NOASSERTION";

/** The bill as SPDX 2.3: https://spdx.github.io/spdx-spec/v2.3/ */
export function spdxOf(inventory: Inventory): object {
  const { name, sha256, facts, packages } = inventory;
  const nothing = { downloadLocation: unknown, filesAnalyzed: false, licenseConcluded: unknown };
  const unsaid = { licenseDeclared: unknown, copyrightText: unknown };
  const image = {
    SPDXID: "SPDXRef-Image",
    name,
    versionInfo: facts.title,
    ...nothing,
    ...unsaid,
    primaryPackagePurpose: "OPERATING-SYSTEM",
    checksums: [{ algorithm: "SHA256", checksumValue: sha256 }],
  };
  const rows = packages.map((found, index) => ({
    SPDXID: `SPDXRef-Package-${index + 1}-${found.name.replaceAll(/[^a-zA-Z0-9.-]/g, "-")}`,
    name: found.name,
    versionInfo: found.version,
    supplier: found.maintainer ? `Organization: ${found.maintainer}` : unknown,
    ...nothing,
    ...unsaid,
    ...(found.homepage ? { homepage: found.homepage } : {}),
    ...(found.summary ? { summary: found.summary } : {}),
    sourceInfo: `built from the source package ${found.source}`,
    externalRefs: [
      {
        referenceCategory: "PACKAGE-MANAGER",
        referenceType: "purl",
        referenceLocator: purlOf(found, facts),
      },
    ],
  }));
  const related = (spdxElementId: string, relationshipType: string, relatedSpdxElement: string) => ({
    ...{ spdxElementId, relationshipType, relatedSpdxElement },
  });
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name,
    documentNamespace: `urn:uuid:${uuidOf(inventory)}`,
    creationInfo: { created: stamp(inventory), creators: [`Tool: tpi-${toolVersion()}`] },
    packages: [image, ...rows],
    relationships: [
      related("SPDXRef-DOCUMENT", "DESCRIBES", image.SPDXID),
      ...rows.map(({ SPDXID }) => related(image.SPDXID, "CONTAINS", SPDXID)),
    ],
  };
}

/** The bill as CycloneDX 1.5: https://cyclonedx.org/docs/1.5/json/ */
export function cyclonedxOf(inventory: Inventory): object {
  const { name, sha256, facts, packages } = inventory;
  const components = packages.map((found) => {
    const purl = purlOf(found, facts);
    return {
      type: "library",
      "bom-ref": purl,
      name: found.name,
      version: found.version,
      ...(found.maintainer ? { publisher: found.maintainer } : {}),
      ...(found.summary ? { description: found.summary } : {}),
      purl,
      ...(found.homepage ? { externalReferences: [{ type: "website", url: found.homepage }] } : {}),
      properties: [{ name: "tpi:source", value: found.source }],
    };
  });
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    serialNumber: `urn:uuid:${uuidOf(inventory)}`,
    version: 1,
    metadata: {
      timestamp: stamp(inventory),
      tools: { components: [{ type: "application", name: "tpi", version: toolVersion() }] },
      component: {
        type: "operating-system",
        "bom-ref": "image",
        name,
        version: facts.version || facts.title,
        hashes: [{ alg: "SHA-256", content: sha256 }],
      },
    },
    components,
    dependencies: [{ ref: "image", dependsOn: components.map(({ purl }) => purl) }],
  };
}

const stamp = ({ created }: Inventory): string =>
  new Date(created * 1000).toISOString().replace(/\.\d+Z$/, "Z");

/** A name-based UUID (RFC 9562, version 8) of the image, so that the same image has the same bill. */
function uuidOf({ sha256 }: Inventory): string {
  const bytes = createHash("sha256").update(`tpi image ${sha256}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
