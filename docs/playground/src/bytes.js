// Bytes as text, and text as bytes.

/** Bytes of base64. */
export function unbase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

/** Base64 with the letters that a URL takes as they are. */
export function base64url(bytes) {
  let text = '';
  for (const b of bytes) text += String.fromCharCode(b);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** The inverse of base64url. */
export const unbase64url = (text) => unbase64(text.replaceAll('-', '+').replaceAll('_', '/') + '==='.slice((text.length + 3) % 4));

/** Pipes bytes through a (de)compression. */
export async function through(stream, bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}
