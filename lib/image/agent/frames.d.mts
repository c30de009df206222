import type { Buffer } from "node:buffer";
import type { Readable } from "node:stream";

/** One message between the kit and its agent: a JSON object, and bytes that belong to it. */
export interface Frame {
  readonly header: unknown;
  readonly body: Buffer;
}

/** A frame on the wire: two lengths (32 bits each, little endian), the header as JSON, the body as it is. */
export function framed(header: object, body?: Uint8Array): Buffer;

/** The frames of a stream, as they come in; a frame that is cut off by the stream's end is dropped. */
export function frames(stream: Readable): AsyncGenerator<Frame>;
