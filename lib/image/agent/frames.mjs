// Shared by the kit and its agent: see frames.d.mts for what it promises.

const lengths = 8;

export function framed(header, body = new Uint8Array()) {
  const text = Buffer.from(JSON.stringify(header));
  const sizes = Buffer.alloc(lengths);
  sizes.writeUInt32LE(text.length, 0);
  sizes.writeUInt32LE(body.length, 4);
  return Buffer.concat([sizes, text, body]);
}

export async function* frames(stream) {
  const held = [];
  let size = 0;
  const take = (length) => {
    const all = held.length === 1 ? held[0] : Buffer.concat(held);
    held.splice(0, held.length, all.subarray(length));
    size -= length;
    return all.subarray(0, length);
  };
  let next;
  for await (const chunk of stream) {
    held.push(chunk);
    size += chunk.length;
    for (;;) {
      if (next === undefined && size >= lengths) {
        const sizes = take(lengths);
        next = { header: sizes.readUInt32LE(0), body: sizes.readUInt32LE(4) };
      }
      if (next === undefined || size < next.header + next.body) break;
      const header = JSON.parse(take(next.header).toString());
      const body = take(next.body);
      next = undefined;
      yield { header, body };
    }
  }
}
