// The language server in its worker, as a transport of the client.

/**
 * Takes the worker that boot.js has started. `ready` gives what the server says
 * of itself, or fails with the reason; `failed` is called then and when it ends
 * later.
 */
export function startServer(failed) {
  const { worker, early, failed: refused } = globalThis.inscribe;
  const handlers = new Set();
  const ready = new Promise((resolve, reject) => {
    const stop = (reason) => {
      reject(new Error(reason));
      failed(reason);
    };
    const take = ({ data }) => {
      if (typeof data === 'string') for (const handle of handlers) handle(data);
      else if (data.failed) stop(data.failed);
      else resolve(data);
    };
    if (!worker) return stop(refused);
    worker.onmessage = take;
    worker.onerror = (event) => stop(event.message || 'the browser starts no worker');
    early.forEach(take);
  });
  return {
    ready,
    transport: {
      send: (message) => worker.postMessage(pushed(message)),
      subscribe: (handle) => handlers.add(handle),
      unsubscribe: (handle) => handlers.delete(handle),
    },
  };
}

/**
 * The client library says that it pulls findings, and takes pushed ones only. The
 * server believes the first.
 */
function pushed(message) {
  if (!message.includes('"method":"initialize"')) return message;
  const request = JSON.parse(message);
  delete request.params.capabilities.textDocument.diagnostic;
  return JSON.stringify(request);
}
