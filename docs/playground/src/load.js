// Gives the worker the language server, as soon as it is read and before the editor
// is made.

performance.mark('read');
const wasm = document.getElementById('wasm');
globalThis.inscribe.load(wasm.textContent, Number(wasm.dataset.size));
wasm.remove(); // two megabytes that nobody needs twice
