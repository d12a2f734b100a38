// Few segments of data in place of many.
//
// The linker of Go leaves each short run of zeros out of the data of a WebAssembly
// module, at the price of a segment more; its table of functions alone is cut into
// tens of thousands. A page is compressed anyway: in one piece the data is a fifth
// smaller.

/** Runs of zeros from this length on are left out. */
const gap = 4096;

const dataSection = 11;

/** Makes an integer of WebAssembly, signed or not. */
function integer(n, signed = false) {
  const out = [];
  for (;;) {
    const low = n & 0x7f;
    n = signed ? n >> 7 : n >>> 7;
    if (n === 0 && !(signed && low & 0x40)) return [...out, low];
    out.push(low | 0x80);
  }
}

/** Gives the module with its data in few segments. */
export function mergeData(wasm) {
  let at = 8;
  const byte = () => wasm[at++];
  const expect = (want) => {
    const got = byte();
    if (got !== want) throw new Error(`the module has ${got} before byte ${at} where ${want} was expected`);
  };
  const number = () => {
    let n = 0;
    for (let shift = 0; ; shift += 7) {
      const b = byte();
      n |= (b & 0x7f) << shift;
      if (b < 0x80) return n >>> 0;
    }
  };

  const parts = [wasm.subarray(0, at)];
  while (at < wasm.length) {
    const start = at;
    const id = byte();
    const end = number() + at;
    if (id !== dataSection) {
      parts.push(wasm.subarray(start, end));
      at = end;
      continue;
    }
    const segments = [];
    for (let n = number(); n > 0; n--) {
      expect(0); // an active segment of the only memory
      expect(0x41); // at a constant of 32 bits, which is no sum
      const place = number();
      expect(0x0b);
      const length = number();
      segments.push({ place, bytes: wasm.subarray(at, at + length) });
      at += length;
    }
    const merged = merge(segments);
    const body = [Uint8Array.from(integer(merged.length))];
    for (const { place, bytes } of merged) body.push(Uint8Array.from([0, 0x41, ...integer(place, true), 0x0b, ...integer(bytes.length)]), bytes);
    parts.push(Uint8Array.from([dataSection, ...integer(body.reduce((n, b) => n + b.length, 0))]), ...body);
  }
  return Buffer.concat(parts);
}

/** Lays segments into the memory, and cuts that at the long runs of zeros. */
function merge(segments) {
  const memory = new Uint8Array(segments.reduce((size, s) => Math.max(size, s.place + s.bytes.length), 0));
  for (const { place, bytes } of segments) memory.set(bytes, place);
  const out = [];
  let begin = 0;
  let end = 0; // behind the last byte that is not zero
  for (let i = 0; i <= memory.length; i++) {
    if (i < memory.length && memory[i] === 0) continue;
    if (i === memory.length || i - end >= gap) {
      if (end > begin) out.push({ place: begin, bytes: memory.subarray(begin, end) });
      begin = i;
    }
    end = i + 1;
  }
  return out;
}
