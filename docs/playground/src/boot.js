// Starts the worker while the rest of the page is still being read. What is sent
// through the port before the other end listens, waits there.

performance.mark('boot');
const { port1: port, port2 } = new MessageChannel();
const inscribe = { port };
try {
  const url = URL.createObjectURL(new Blob([document.getElementById('worker').textContent], { type: 'text/javascript' }));
  const worker = new Worker(url, { name: 'inscribe' });
  inscribe.failed = new Promise((resolve) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => resolve(event.message || 'the browser starts no worker');
  });
  inscribe.load = (wasm, size) => worker.postMessage({ wasm, size, port: port2 }, [port2]);
} catch (error) {
  inscribe.failed = Promise.resolve(String(error));
  inscribe.load = () => {};
}
globalThis.inscribe = inscribe;
