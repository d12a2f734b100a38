// The worker: unpacks the language server and runs it. From then on the server
// itself takes the messages.
import 'go-runtime';
import { decompress } from 'brotli/decompress';
import { unbase64 } from './bytes.js';

/** Unpacks by the browser where it can, else by the decoder in the page. */
async function unpack(packed, size) {
  try {
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('brotli'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    return decompress(packed, size);
  }
}

onmessage = async ({ data }) => {
  onmessage = null;
  try {
    const go = new Go();
    const wasm = await unpack(unbase64(data.wasm), data.size);
    const { instance } = await WebAssembly.instantiate(wasm, go.importObject);
    await go.run(instance);
    postMessage({ failed: 'the language server ended' });
  } catch (error) {
    postMessage({ failed: String(error) });
  }
};
