// The language server in its worker, as a transport of the client.

/**
 * Takes the port to the worker that boot.js has started. `about` gets what the server
 * says of itself once it listens, `failed` why there is none, or no longer.
 */
export function connectServer(about, failed) {
  const { port, failed: why } = globalThis.inscribe;
  const handlers = new Set();
  why.then(failed);
  port.onmessage = ({ data }) => {
    if (typeof data === 'string') for (const handle of handlers) handle(data);
    else about(data);
  };
  return {
    send: (message) => port.postMessage(pushed(message)),
    subscribe: (handle) => handlers.add(handle),
    unsubscribe: (handle) => handlers.delete(handle),
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
