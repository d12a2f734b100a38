// The worker: unpacks the language server and runs it with the port that leads to
// the page. What it says by itself is why there is no server.
import 'go-runtime';
import { ZSTDDecoder } from 'zstddec';
import { unbase64 } from './bytes.js';

// The decoder is made while the page is still being read; where that fails, the
// message that needs it says so.
const decoder = new ZSTDDecoder();
const made = decoder.init();
made.catch(() => {});

onmessage = async ({ data: { wasm, size, port } }) => {
  try {
    await made;
    performance.mark('begin');
    const raw = decoder.decode(unbase64(wasm), size);
    performance.mark('unpacked');
    const module = await WebAssembly.compile(raw);
    performance.mark('compiled');
    const go = new Go();
    const instance = await WebAssembly.instantiate(module, go.importObject);
    performance.mark('started');
    globalThis.page = port;
    await go.run(instance);
    postMessage('the language server ended');
  } catch (error) {
    postMessage(String(error));
  }
};
