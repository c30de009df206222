import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** Gathers a stream's text as it flows and calls back with each line; `end` gives the whole once it has ended. */
export function splitter(stream: Readable, onLine: (line: string) => void): { readonly end: () => string } {
  const decoder = new StringDecoder("utf8");
  const parts: string[] = [];
  let rest = "";
  const push = (text: string) => {
    parts.push(text);
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line.replace(/\r$/, ""));
  };
  stream.on("data", (chunk: Buffer) => push(decoder.write(chunk)));
  return {
    end: () => {
      push(decoder.end());
      if (rest) onLine(rest);
      return parts.join("");
    },
  };
}

/** The lines of a stream, read no faster than they are taken. */
export async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.write(chunk as Buffer)).split("\n"); // ssh2 channels give buffers
    rest = lines.pop() ?? "";
    for (const line of lines) yield line.replace(/\r$/, "");
  }
  rest += decoder.end();
  if (rest) yield rest;
}
