// The data of a module in few segments is the same data.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeData } from '../segments.mjs';

/** A module with an exported memory of two pages and these segments. */
function module(segments) {
  const number = (n) => {
    const out = [];
    do {
      out.push((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
      n >>>= 7;
    } while (n > 0);
    return out;
  };
  // Of five bytes, the last of which leaves the sign free.
  const place = (n) => [0x80 | (n & 0x7f), 0x80 | ((n >> 7) & 0x7f), 0x80 | ((n >> 14) & 0x7f), 0x80 | ((n >> 21) & 0x7f), n >> 28];
  const section = (id, ...body) => [id, ...number(body.length), ...body];
  const data = segments.flatMap(([at, ...bytes]) => [0, 0x41, ...place(at), 0x0b, ...number(bytes.length), ...bytes]);
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(5, 1, 0, 2),
    ...section(7, 1, 1, 0x6d, 2, 0),
    ...section(11, ...number(segments.length), ...data),
    ...section(0, 1, 0x78, 1, 2, 3),
  ]);
}

const memory = async (wasm) => Buffer.from((await WebAssembly.instantiate(wasm)).instance.exports.m.buffer);

for (const [name, segments, want] of [
  ['none', [], 0],
  ['one byte at the beginning', [[0, 7]], 1],
  ['a short run of zeros between two', [[100, 1, 2], [110, 3]], 1],
  ['a long run of zeros between two', [[64, 1], [100_000, 2, 3]], 2],
  ['the last byte of the memory', [[131_071, 9]], 1],
  ['places whose sign bit must stay free', [[8191, 1], [8192 + 5000, 2], [64, 3]], 3],
  ['a later one over an earlier one', [[50, 1, 2, 3, 4], [51, 9, 0]], 1],
  ['zeros alone', [[500, 0, 0, 0]], 0],
  ['a thousand', Array.from({ length: 1000 }, (_, i) => [i * 20, i & 0xff, 1]), 1],
]) {
  test(`segments: ${name}`, async () => {
    const before = module(segments);
    const after = mergeData(before);
    assert.ok((await memory(before)).equals(await memory(after)), 'the memory is another one');
    assert.equal(count(after), want);
    assert.deepEqual([...after.subarray(-7)], [0, 5, 1, 0x78, 1, 2, 3], 'the section behind it is another one');
  });
}

/** How many segments a module has; fewer than 128 here. */
function count(wasm) {
  for (let at = 8; at < wasm.length;) {
    const id = wasm[at++];
    let length = 0;
    for (let shift = 0, b = 0x80; b > 0x7f; shift += 7) {
      b = wasm[at++];
      length |= (b & 0x7f) << shift;
    }
    if (id === 11) return wasm[at];
    at += length;
  }
  return 0;
}

test('segments: what is not understood is refused', () => {
  const passive = module([[0, 1]]);
  passive[passive.length - 7 - 10] = 1; // the kind of the one segment
  assert.throws(() => mergeData(passive), /the module has 1 .* where 0 was expected/);
});
