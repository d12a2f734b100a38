// Starts the worker before the rest of the page is read, since unpacking the
// language server takes longest.

const content = (id) => document.getElementById(id).textContent;
const early = [];
try {
  const url = URL.createObjectURL(new Blob([content('worker')], { type: 'text/javascript' }));
  const worker = new Worker(url, { name: 'inscribe' });
  worker.onmessage = (event) => early.push(event);
  worker.onerror = (event) => early.push({ data: { failed: event.message || 'the browser starts no worker' } });
  const wasm = document.getElementById('wasm');
  worker.postMessage({ wasm: wasm.textContent, size: Number(wasm.dataset.size) });
  wasm.remove(); // two megabytes that nobody needs twice
  globalThis.inscribe = { worker, early };
} catch (error) {
  globalThis.inscribe = { failed: String(error) };
}
