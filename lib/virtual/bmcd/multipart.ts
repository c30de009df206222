/** The boundary that a content type names. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const found = /^multipart\/form-data\s*;.*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType ?? "");
  return found?.[1] ?? found?.[2];
}

/** A body that is not the form that it says it is. */
export const malformed = "Multipart form invalid";

/**
 * The bytes of the first part of a form, as they come and never all at once; the rest of the body is read and dropped.
 * Throws with the text {@link malformed}.
 */
export async function* firstPart(body: AsyncIterable<Uint8Array>, boundary: string): AsyncGenerator<Buffer> {
  const end = Buffer.from(`\r\n--${boundary}`);
  let kept: Buffer = Buffer.from("\r\n"); // so that the first boundary looks like every other
  let place: "preamble" | "headers" | "part" | "rest" = "preamble";
  for await (const chunk of body) {
    if (place === "rest") continue;
    kept = Buffer.concat([kept, chunk]);
    if (place === "preamble") {
      const at = kept.indexOf(end);
      if (at < 0) continue;
      kept = kept.subarray(at + end.length);
      place = "headers";
    }
    if (place === "headers") {
      const at = kept.indexOf("\r\n\r\n");
      if (at < 0 && kept.length > 64 * 1024) throw new Error(malformed);
      if (at < 0) continue;
      kept = kept.subarray(at + 4);
      place = "part";
    }
    const at = kept.indexOf(end);
    const whole = at < 0 ? Math.max(0, kept.length - end.length + 1) : at;
    if (whole > 0) yield kept.subarray(0, whole);
    if (at >= 0) place = "rest";
    kept = kept.subarray(whole);
  }
  if (place !== "rest") throw new Error(malformed);
}
